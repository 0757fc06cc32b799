import Foundation
import ServerTesting
import Testing

/// What `/readyz` tells everybody of a store with faults: enough to mend it, and not where it is.
@Suite struct ReadinessTests {
    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        // A path with a blank in it is one path.
        store = "\(scratch.path)/the store"
        try FileManager.default.moveItem(atPath: scratch.filledStore(), toPath: store)
    }

    private func serve() throws -> (daemon: Program, connection: HTTPConnection) {
        let daemon = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
        ])
        return (daemon, try HTTPConnection(port: daemon.port()))
    }

    private func blobs() throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "\(store)/blobs/sha256"))
    }

    /// As whoever meets a damaged blob does.
    private func moveAside(_ blob: String) throws {
        try FileManager.default.moveItem(
            atPath: "\(store)/blobs/sha256/\(blob)", toPath: "\(store)/corrupt/\(blob).1")
    }

    private func initramfs(_ connection: HTTPConnection) throws -> Int {
        let schematic = "{customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}"
        let reply = try connection.ask("POST", "/schematics", body: Array(schematic.utf8))
        let id = String(reply.text.dropFirst(7).prefix(64))
        return try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").status
    }

    @Test func pathsAreTheOperators() throws {
        try FileManager.default.createDirectory(
            atPath: "\(store)/records/boot-files/1.12.0", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: "\(store)/records/installers", withIntermediateDirectories: true)
        try Data("{".utf8).write(to: URL(filePath: "\(store)/records/installers/1.12.0"))
        try FileManager.default.createDirectory(atPath: "\(store)/corrupt", withIntermediateDirectories: true)
        let imported = try blobs().sorted()
        try moveAside(imported[0])
        let (daemon, connection) = try serve()
        let text = try connection.ask("GET", "/readyz").text
        for word in [
            "boot-files/1.12.0", "installers/1.12.0", "\(imported[0]) was damaged and lies in corrupt; import",
        ] {
            #expect(text.contains(word), "\(word): \(text)")
        }
        #expect(!text.contains("/the") && !text.contains(" store/") && !text.contains(scratch.path), "\(text)")
        #expect(!daemon.hasEnded)
        let list = try Program(["release", "list", "--store", store])
        _ = try list.finish()
        #expect(list.errors.contains("lies in \(store)/corrupt; import what it belongs to again"), "\(list.errors)")
    }

    /// What was built here is in no image that could be imported.
    @Test func whatWasBuiltIsBuiltAgain() throws {
        let before = try blobs()
        do {
            let (daemon, connection) = try serve()
            #expect(try initramfs(connection) == 200)
            daemon.send(SIGTERM)
            #expect(try daemon.finish() == 0, "\(daemon.errors)")
        }
        let built = try #require(try blobs().subtracting(before).first)
        try moveAside(built)
        let (daemon, connection) = try serve()
        let text = try connection.ask("GET", "/readyz").text
        #expect(
            text.contains(
                "\(built) was damaged and lies in corrupt; no imported image has it, so that it is built again"),
            "\(text)")
        #expect(!text.contains("import what it belongs to again"), "\(text)")
        #expect(try initramfs(connection) == 200)
        #expect(try holds { try connection.ask("GET", "/readyz").text.isEmpty })
        #expect(!daemon.hasEnded)
    }
}
