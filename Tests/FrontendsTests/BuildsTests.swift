import Dispatch
import LayoutBuilding
import ServerTesting
import Testing

@testable import ImageFactory

@Suite struct BuildsTests {
    @Test func requestsForOneNewExtensionBuildItOnce() async throws {
        let site = try Site()
        var ids: [String] = []
        for index in 0..<6 {
            ids.append(
                try await site.schematic(
                    "customization: {extraKernelArgs: [n=\(index)], systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"
                ))
        }
        let schematics = ids
        try await site.serve { port in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<24 {
                    let id = schematics[index % schematics.count]
                    group.addTask {
                        try await blocking {
                            try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").status
                        }
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
        #expect(site.log.matching("built build.kind=extension").count == 1, "\(site.log.all)")
    }

    @Test func aBuildThatFailsSaysWhyAndTheNextOneWorks() async throws {
        let site = try Site()
        let hostile = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/trojan]}}")
        let both = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor, siderolabs/trojan]}}")
        let good = try await site.schematic(ImageRequestsTests.schematic)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for id in [hostile, both, hostile] {
                let reply = try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
                #expect(reply.status == 500)
                #expect(reply.text.contains("trojan") && reply.text.contains("has to be a directory"), "\(reply.text)")
            }
            #expect(try connection.ask("HEAD", "/image/\(hostile)/v1.13.5/kernel-amd64").status == 200)
            #expect(try connection.ask("GET", "/image/\(good)/v1.13.5/initramfs-amd64.xz").status == 200)
        }
        #expect(!site.log.matching("build failed").isEmpty)
        #expect(site.log.matching("build failed").allSatisfy { $0.contains("trojan") })
    }

    /// Nobody else waits for the build, so the queue must have its place back when the connection ends.
    @Test func aClientThatLeavesGivesUpItsBuild() async throws {
        let site = try Site()
        let id = try await site.schematic(ImageRequestsTests.schematic)
        let queue = site.factory.queue
        let gate = DispatchSemaphore(value: 0)
        let width = queue.width
        let others = (0..<width).map { _ in Task { try await queue.run { _ in gate.wait() } } }
        @Sendable func settles(_ load: (running: Int, waiting: Int)) async throws -> Bool {
            for _ in 0..<12_000 {
                if queue.load == load { return true }
                try await Task.sleep(for: .milliseconds(10))
            }
            return false
        }
        #expect(try await settles((width, 0)))
        try await site.serve { port in
            var connection: HTTPConnection? = try HTTPConnection(port: port)
            try connection?.send("GET /image/\(id)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await settles((width, 1)))
            connection = nil
            #expect(try await settles((width, 0)))
        }
        for _ in others { gate.signal() }
        for other in others { try await other.value }
    }
}
