import BootPlans
import Compositions
import Digests
import ImageFactory
import NetworkTypes
import ServerTesting
import Synchronization
import TalosModel
import Testing
import Timelines

/// Who is sent to another server for an asset, and who never is.
@Suite struct RedirectTests {
    /// Another server, which has everything that it is given.
    private final class Elsewhere: FinishedAssets {
        private let kept = Mutex<Set<Factory.AssetKey>>([])

        private func body(_ key: Factory.AssetKey) -> Asset.Body {
            .redirect(to: "http://cdn.example/\(key.path.path)")
        }

        func find(_ key: Factory.AssetKey) async -> Asset.Body? { kept.withLock { $0.contains(key) } ? body(key) : nil }

        func keep(
            _ composition: Composition, as key: Factory.AssetKey, digest: @Sendable () async throws -> Digest
        ) async -> Asset.Body? {
            kept.withLock { _ = $0.insert(key) }
            return body(key)
        }
    }

    private static let machines = """
        schematics: {plain: {customization: {}}}
        defaults: {schematic: plain, version: v1.13.5}
        machines:
          - {name: once, mac: "52:54:00:00:00:01", boot: once}
          - {name: always, mac: "52:54:00:00:00:02"}

        """

    @Test(arguments: ["kernel-amd64", "initramfs-amd64.xz"]) func peopleAre(path: String) async throws {
        let site = try Site(finished: Elsewhere())
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/\(path)"
            for (method, headers) in [
                ("HEAD", []), ("GET", []), ("GET", [("Range", "bytes=0-9")]), ("GET", [("If-None-Match", "*")]),
                ("GET", [("User-Agent", "curl/7.88.1")]),
            ] as [(String, [(String, String)])] {
                let reply = try connection.ask(method, target, headers)
                #expect(
                    reply.status == 302 && reply["Location"] == "http://cdn.example/\(path)", "\(method) \(headers)")
                #expect(reply.body.isEmpty && reply["Content-Length"] == "0")
                for name in ["ETag", "Cache-Control", "Content-Range", "Content-Type"] { #expect(reply[name] == nil) }
            }
            // Texts come from here, and so does what is to have another name.
            for other in ["\(target).sha256", "\(target)?filename=mine", "/image/\(id)/v1.13.5/cmdline-metal-amd64"] {
                #expect(try connection.ask("GET", other).status == 200, "\(other)")
            }
            for agent in ["iPXE/1.0.0+git-20190125", "iPXE/1.21.1", "UefiHttpBoot/1.0"] {
                let reply = try connection.ask("GET", target, [("User-Agent", agent)])
                #expect(reply.status == 200 && !reply.body.isEmpty, "\(agent)")
            }
        }
    }

    /// By whose address it is: a machine that the file names, one that has asked how to boot, and somebody else's on the link, who
    /// has a story because he fetched a kernel.
    @Test func machinesAreNot() async throws {
        let site = try Site(machines: Self.machines, finished: Elsewhere())
        let id = try await site.schematic("{}")
        func mac(_ last: Int) throws -> MACAddress { try #require(MACAddress(parsing: "52:54:00:00:00:0\(last)")) }
        let (named, heard, other) = (try mac(2), try mac(3), try mac(4))
        site.timeline.record(BootEvent(mac: heard, stage: .seen, detail: "UEFI"))
        site.timeline.record(BootEvent(mac: other, stage: .kernel, detail: "kernel-amd64"))
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for (mac, status) in [(named, 200), (heard, 200), (other, 302)] {
                site.neighbours.set(.loopback, to: mac)
                let reply = try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64")
                #expect(reply.status == status, "\(mac)")
            }
        }
        #expect(holds { site.timeline.snapshot(of: named)?.stage == .kernel })
    }

    /// One that is awaited is known by its address alone, and its last byte counts.
    @Test func aMachineThatBootsOnceGetsAllOfItFromHere() async throws {
        let site = try Site(machines: Self.machines, finished: Elsewhere())
        try await site.visit { port in
            let machine = try HTTPConnection(port: port, client: 11)
            func script() throws -> String {
                try machine.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64").text
            }
            let words = try script().split(whereSeparator: \.isWhitespace)
            let url = try #require(words.first { $0.hasSuffix("initramfs-amd64.xz") })
            let path = String(url.dropFirst("http://localhost".utf8.count))
            // Others are sent away, and that is no delivery.
            let reply = try HTTPConnection(port: port, client: 12).ask("GET", path)
            #expect(reply.status == 302)
            #expect(try script().contains("initramfs-amd64.xz"))
            #expect(try machine.ask("GET", path).status == 200)
            #expect(try holds { try script().contains("boots from its disk") })
        }
    }
}
