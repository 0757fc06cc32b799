import Digests
import Foundation
import LayoutBuilding
import OCIModel
import ServerTesting
import Testing

/// A store that has lost a part of an extension's image. Whose machines need it is told before they ask, and they are told that it
/// is no fault of theirs.
@Suite struct DamagedImagesTests {
    private let scratch: Scratch
    private let store: String
    private let loaders: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        loaders = try Loaders.folder(in: scratch)
    }

    private func blob(_ digest: Digest) -> URL { URL(filePath: "\(store)/blobs/sha256/\(digest.hexadecimal)") }

    /// The image of an extension by its digest in the catalog, and its lowest layer for amd64.
    private func image(_ name: String) throws -> (subject: Digest, layer: Digest) {
        let entries = try Imported.release.get().release.layout.entries
        let entry = try #require(entries.first { $0.name?.contains("/\(name):") == true })
        let index = try Index(decoding: [UInt8](Data(contentsOf: blob(entry.digest)))[...])
        let found = try #require(index.manifests.first { $0.platform?.architecture == "amd64" })
        let manifest = try Manifest(decoding: [UInt8](Data(contentsOf: blob(found.digest)))[...])
        return (entry.digest, try #require(manifest.layers.first).digest)
    }

    private func schematic(_ name: String) -> String {
        "{customization: {systemExtensions: {officialExtensions: [siderolabs/\(name)]}}}"
    }

    private func check() throws -> [String] {
        let file = try scratch.write(
            "machines.yaml",
            """
            defaults: {version: v1.13.5}
            machines:
            - {name: a, match: {mac: '52:54:00:00:00:01', arch: amd64}, schematic: \(schematic("gvisor"))}
            - {name: b, match: {mac: '52:54:00:00:00:02', arch: amd64}, schematic: \(schematic("tailscale"))}

            """)
        let program = try Program(["check", "--store", store, "--config", file, "--loader-folder", loaders])
        #expect(try program.finish() == (program.errorLines.isEmpty ? 0 : 1), "\(program.errors)")
        return program.errorLines.map { $0.replacingOccurrences(of: "\(file):", with: "") }
    }

    private func serve() throws -> (daemon: Program, connection: HTTPConnection) {
        let daemon = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
            "--loader-folder", loaders,
        ])
        return (daemon, try HTTPConnection(port: daemon.port()))
    }

    private func initramfs(_ name: String, _ connection: HTTPConnection) throws -> HTTPReply {
        let reply = try connection.ask("POST", "/schematics", body: Array(schematic(name).utf8))
        let id = String(reply.text.dropFirst(7).prefix(64))
        return try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
    }

    @Test(arguments: ["gone", "altered"])
    func whatIsLostIsToldAndIsNoFaultOfTheClients(fault: String) throws {
        #expect(try check().isEmpty)
        let (_, layer) = try image("gvisor")
        let content = try Data(contentsOf: blob(layer))
        try FileManager.default.removeItem(at: blob(layer))
        if fault == "altered" { try Data([content[0] ^ 1] + content.dropFirst()).write(to: blob(layer)) }
        let found = try check()
        #expect(
            found.count == 1 && found[0].hasPrefix("3:3: machine 'a': ") && found[0].contains("siderolabs/gvisor")
                && found[0].contains(layer.hexadecimal), "\(found)")

        let (daemon, connection) = try serve()
        // Nothing is hashed to say that all is well.
        let before = try connection.ask("GET", "/readyz").text
        #expect(
            before.contains("the image ghcr.io/siderolabs/gvisor:1.0.0 is not whole") == (fault == "gone"), "\(before)")
        for _ in 0..<2 {
            let reply = try initramfs("gvisor", connection)
            #expect(reply.status == 500, "\(reply.text)")
            #expect(
                reply.text.contains("extension 'siderolabs/gvisor' is damaged or gone; import it again"),
                "\(reply.text)")
        }
        #expect(daemon.says(layer.hexadecimal) && daemon.errors.contains(" error refused "), "\(daemon.errors)")
        #expect(try initramfs("tailscale", connection).status == 200)
        #expect(
            try holds {
                try connection.ask("GET", "/readyz").text.contains("ghcr.io/siderolabs/gvisor:1.0.0 is not whole")
            })

        let program = try Program(["release", "import", "--store", store, Imported.release.get().layout])
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(try initramfs("gvisor", connection).status == 200)
        #expect(try holds { try connection.ask("GET", "/readyz").text.isEmpty })
        #expect(try check().isEmpty)
    }

    @Test func whatWasNeverImportedIsNotFound() throws {
        let subject = try image("gvisor").subject
        try FileManager.default.removeItem(atPath: "\(store)/records/images/\(subject.hexadecimal)")
        let (daemon, connection) = try serve()
        let reply = try initramfs("gvisor", connection)
        #expect(reply.status == 404 && reply.text.contains("has not been imported"), "\(reply.text)")
        #expect(!daemon.hasEnded)
    }
}
