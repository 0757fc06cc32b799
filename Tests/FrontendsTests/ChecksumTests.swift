import Compositions
import FolderTesting
import Foundation
import ImageFactory
import NetworkTypes
import ServerTesting
import Testing
import Timelines

/// `<asset>.sha256` and `.sha512`, over HTTP.
@Suite struct ChecksumTests {
    private static let schematic =
        "customization: {extraKernelArgs: [a=b], systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"

    /// coreutils' own opinion of a file: what `sha256sum` and `sha512sum` print.
    private func sum(_ algorithm: String, of bytes: [UInt8], named name: String) throws -> String {
        let folder = try TemporaryFolder()
        try folder.write(name, bytes)
        return String(decoding: try folder.run("\(algorithm)sum", [name]), as: UTF8.self)
    }

    @Test(
        arguments: [
            "kernel-amd64", "kernel-x86_64", "cmdline-metal-amd64", "initramfs-amd64.xz", "initramfs-arm64.xz",
        ],
        ["sha256", "sha512"])
    func theTextIsWhatTheToolPrints(path: String, algorithm: String) async throws {
        let site = try Site()
        let id = try await site.schematic(Self.schematic)
        let expected = try sum(algorithm, of: await site.bytes(of: path, schematic: id), named: path)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/\(path).\(algorithm)"
            // The first that asks may ask for no body.
            let head = try connection.ask("HEAD", target)
            let get = try connection.ask("GET", target)
            #expect(get.status == 200 && get.text == expected)
            #expect(get["Content-Type"] == "text/plain; charset=utf-8")
            #expect(get["Content-Disposition"] == "attachment; filename=\"\(path).\(algorithm)\"")
            #expect(get["Content-Length"] == String(expected.utf8.count))
            for name in ["Content-Type", "Content-Disposition", "Content-Length", "ETag", "Last-Modified"] {
                #expect(head[name] != nil && head[name] == get[name], "\(name)")
            }
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func theNameIsTheOneThatTheAssetIsSavedUnder() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/kernel-amd64.sha256"
            let usual = try connection.ask("GET", target)
            let digits = usual.text.prefix(64)
            for (query, name, header) in [
                ("talos", "talos", "talos.sha256"), ("a%0D%0A0%20%20b", "a__0  b", "a__0  b.sha256"),
                ("%22%5C", "\"\\", "\\\"\\\\.sha256"), ("%C3%BC", "_", "_.sha256"), ("", "kernel-amd64", nil),
            ] as [(String, String, String?)] {
                let reply = try connection.ask("GET", "\(target)?filename=\(query)")
                #expect(reply.text == "\(digits)  \(name)\n")
                #expect(
                    reply["Content-Disposition"] == "attachment; filename=\"\(header ?? "kernel-amd64.sha256")\"")
            }
            // Nobody else gets that name.
            #expect(try connection.ask("GET", target).body == usual.body)
            #expect(
                try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-i386.sha256").text.hasSuffix("  kernel-i386\n"))
        }
    }

    @Test func noByteIsReadForItTwice() async throws {
        let site = try Site()
        let id = try await site.schematic(Self.schematic)
        let path = "initramfs-amd64.xz"
        let asset = try await site.factory.asset(schematic: id, version: Site.version, path: path)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/\(path)"
            let first = try connection.ask("GET", "\(target).sha256")
            #expect(first.status == 200)
            #expect(site.log.matching("built build.kind=digests").count == 1)
            // Whatever would be read now is not there to be read.
            for file in try #require(asset.composition).files { try FileManager.default.removeItem(atPath: file.path) }
            #expect(try connection.ask("GET", "\(target).sha256").body == first.body)
            #expect(try connection.ask("GET", target).status == 500)
        }
        #expect(site.log.matching("built build.kind=digests").count == 1)
    }

    /// One pass over an asset gives both, for all its names, and for every asset of the same bytes.
    @Test func onePassServesEverybody() async throws {
        let site = try Site()
        let ids = [try await site.schematic("{}"), try await site.schematic(Self.schematic)]
        try await site.serve { port in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<24 {
                    let name = ["kernel-amd64.sha256", "kernel-amd64.sha512", "kernel-x86_64.sha256"][index % 3]
                    let target = "/image/\(ids[index % 2])/v1.13.5/\(name)"
                    group.addTask {
                        let reply = try await blocking { try HTTPConnection(port: port).ask("GET", target) }
                        #expect(reply.status == 200)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(site.log.matching("built build.kind=digests").count == 1)
    }

    @Test(arguments: [
        ("metal-amd64.iso.sha256", 501), ("installer-amd64.tar.sha512", 501), ("nowhere-amd64.iso.sha256", 400),
        ("invalid-path.xyz.sha512", 400), ("kernel-amd64.sha256.sha256", 400), ("kernel-amd64.sha1", 400),
        ("kernel-amd64.sha512.sha256", 400), (".sha256", 400), ("cmdline-nowhere-amd64.sha256", 400),
        ("kernel-amd64.sigstore.json", 400),
    ])
    func whatHasNoBytesHasNoChecksum(path: String, status: Int) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/\(path)").status == status)
            #expect(try connection.ask("HEAD", "/image/\(id)/v1.13.5/\(path)").status == status)
            let unknown = String(repeating: "0", count: 64)
            #expect(try connection.ask("GET", "/image/\(unknown)/v1.13.5/kernel-amd64.sha512").status == 404)
            #expect(try connection.ask("GET", "/image/\(id)/v1.0.0/kernel-amd64.sha512").status == 404)
        }
    }

    /// Whoever asks for a kernel's checksum does not boot it.
    @Test func aChecksumIsNoStageOfABoot() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        let mac = try #require(MACAddress(parsing: "52:54:00:00:00:01"))
        site.neighbours.set(.loopback, to: mac)
        @Sendable func stages() -> [BootStage] {
            site.timeline.snapshot(of: mac)?.boots.flatMap { $0.events.map(\.stage) } ?? []
        }
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for path in ["kernel-amd64.sha256", "initramfs-amd64.xz.sha512", "cmdline-metal-amd64"] {
                #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/\(path)").status == 200)
            }
        }
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64")
            #expect(reply.status == 200)
            // What came before would stand before it. A server that stops tells no more stories.
            #expect(holds { !stages().isEmpty })
        }
        #expect(stages() == [.kernel])
    }
}
