import Foundation
import Glibc
import ServerTesting
import Testing

/// Catalogs that have been imported and cannot be read: what is in them is not known, and not that nothing is.
@Suite struct UnreadableCatalogsTests {
    private let scratch: Scratch
    private let store: String
    private let loaders: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        loaders = try Loaders.folder(in: scratch)
    }

    @Test(
        arguments: [
            (
                "extension", "{customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}",
                "{overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}, customization: {}}"
            ),
            (
                "overlay", "{overlay: {name: rpi_generic, image: siderolabs/sbc-raspberrypi}, customization: {}}",
                "{customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}"
            ),
        ])
    func whatIsNotKnownIsNotDenied(kind: String, needing: String, other: String) throws {
        let sentence = "its catalog cannot be read; import the \(kind)s image again"
        #expect(truncate("\(store)/records/\(kind)-catalogs/1.13.5", 20) == 0)
        let file = try scratch.write(
            "machines.yaml",
            """
            defaults: {version: v1.13.5}
            machines:
            - {name: a, match: {mac: '52:54:00:00:00:01', arch: amd64}, schematic: \(needing)}
            - {name: b, match: {mac: '52:54:00:00:00:02', arch: amd64}, schematic: \(other)}

            """)
        let check = try Program(["check", "--store", store, "--config", file, "--loader-folder", loaders])
        #expect(try check.finish() == 1)
        let found = check.errorLines.filter { $0.contains("machine '") }
        #expect(found.count == 1 && found[0].contains(":3:3: machine 'a': "), "\(check.errors)")
        #expect(found.first?.hasSuffix(sentence) == true, "\(check.errors)")

        let daemon = try Program([
            "serve", "--store", store, "--config", file, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0", "--loader-folder", loaders,
        ])
        let connection = try HTTPConnection(port: daemon.port())
        func initramfs(_ schematic: String) throws -> HTTPReply {
            let reply = try connection.ask("POST", "/schematics", body: Array(schematic.utf8))
            let id = String(reply.text.dropFirst(7).prefix(64))
            return try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
        }
        #expect(try connection.ask("GET", "/versions").text.contains("v1.13.5"))
        let catalog = try connection.ask("GET", "/version/v1.13.5/\(kind)s/official")
        #expect(catalog.status == 500 && catalog.text.contains(sentence), "\(catalog.text)")
        let refused = try initramfs(needing)
        #expect(refused.status == 500 && refused.text.contains(sentence), "\(refused.text)")
        #expect(try initramfs(other).status == 200)
        #expect(try initramfs("{}").status == 200)
        #expect(daemon.says(" error refused "), "\(daemon.errors)")
        let told = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64").text
        #expect(told.contains("cannot be booted") && told.contains("its catalog cannot be read"), "\(told)")

        let program = try Program(["release", "import", "--store", store, Imported.release.get().layout])
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(try initramfs(needing).status == 200)
        #expect(try connection.ask("GET", "/version/v1.13.5/\(kind)s/official").status == 200)
    }
}
