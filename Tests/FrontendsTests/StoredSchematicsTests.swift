import Compositions
import Digests
import Foundation
import ImageFactory
import Releases
import Schematics
import ServerTesting
import Stores
import TalosModel
import Testing

/// What a store may hold of schematics, and what becomes of it.
@Suite struct StoredSchematicsTests {
    private static let kind = RecordKind(rawValue: "schematics")

    /// Stores a canonical text alone, as the first release did.
    private func store(_ text: String, in site: Site) throws -> String {
        let id = Digest.of(Array(text.utf8)).hexadecimal
        try site.store.setRecord(Self.kind, id, Array(text.utf8))
        return id
    }

    @Test func theFirstReleasesStoreIsReadOn() async throws {
        let site = try Site()
        let text =
            "customization:\n    extraKernelArgs:\n        - a=b\n    meta:\n        - key: 10\n          value: |\n            one\n            two\n"
        let id = try store(text, in: site)
        // Longer than what can be posted today.
        let long = "customization:\n    extraKernelArgs:\n        - \(String(repeating: "x", count: 1_200_000))\n"
        let longID = try store(long, in: site)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for (id, text) in [(id, text), (longID, long)] {
                #expect(try connection.ask("GET", "/schematics/\(id)").text == text)
                for asset in ["cmdline-metal-amd64", "initramfs-amd64.xz", "kernel-amd64"] {
                    #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/\(asset)").status == 200)
                }
            }
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/cmdline-metal-amd64").text.hasSuffix(" a=b"))
        }
    }

    @Test func aTextThatLostItsMeaningIsShownAndComesBackWhenItIsPosted() async throws {
        let site = try Site()
        let body = #"customization: {meta: [{key: 10, value: "  one\n    two\n"}]}"#
        let text = try Schematic(decoding: Array(body.utf8)).description
        let id = try store(text, in: site)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            #expect(try connection.ask("GET", "/schematics/\(id)").text == text)
            let path = "/image/\(id)/v1.13.5/cmdline-metal-amd64"
            let refused = try connection.ask("GET", path)
            #expect(refused.status == 404 && refused.text.contains(id), "\(refused.text)")
            #expect(refused.text.contains("post the same schematic once more"), "\(refused.text)")
            #expect(try connection.ask("POST", "/schematics", body: Array(body.utf8)).status == 201)
            let line = try connection.ask("GET", path)
            #expect(line.status == 200 && line.text.contains("INSTALLER_META_BASE64="))
        }
        #expect(site.log.errors.contains { $0.contains(id) && $0.contains("http.status=404") }, "\(site.log.all)")
    }

    @Test func anAlteredTextIsRefusedWithoutThePathAndMendedWhenItIsPosted() async throws {
        let site = try Site()
        let body = "customization: {extraKernelArgs: [a]}"
        let id = try Schematic(decoding: Array(body.utf8)).id.description
        try site.store.setRecord(Self.kind, id, Array("customization: {}\n".utf8))
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for path in ["/schematics/\(id)", "/image/\(id)/v1.13.5/kernel-amd64"] {
                let reply = try connection.ask("GET", path)
                #expect(reply.status == 500 && reply.text.contains("post it again") && reply.text.contains(id))
                #expect(!reply.text.contains(site.folder), "\(reply.text)")
            }
            #expect(try connection.ask("POST", "/schematics", body: Array(body.utf8)).status == 201)
            #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").status == 200)
        }
    }

    @Test func aRecordThatCannotBeReadIsNamedInTheLogOnly() async throws {
        let site = try Site()
        let id = String(repeating: "a", count: 64)
        try FileManager.default.createDirectory(
            atPath: "\(site.folder)/store/records/schematics/\(id)", withIntermediateDirectories: true)
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("GET", "/schematics/\(id)")
            #expect(
                reply.status == 500 && reply.text.contains(id) && !reply.text.contains(site.folder), "\(reply.text)")
        }
        #expect(site.log.errors.contains { $0.contains("\(site.folder)/store/records/schematics") }, "\(site.log.all)")
    }

    @Test func bootFilesThatAreGoneAreNamedInTheLogOnly() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        let kernel = try await site.factory.release(TalosVersion(1, 13, 5)).bootFiles[.amd64]?[.kernel]
        let blob = try #require(kernel).digest.hexadecimal
        try FileManager.default.removeItem(atPath: "\(site.folder)/store/blobs/sha256/\(blob)")
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64")
            #expect(reply.status == 500 && reply.text.contains("damaged") && !reply.text.contains(site.folder))
        }
        #expect(site.log.errors.contains { $0.contains("gone from the store") }, "\(site.log.all)")
    }
}
