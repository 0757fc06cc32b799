import LayoutBuilding
import ServerTesting
import Testing

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
}
