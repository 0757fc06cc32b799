import Foundation
import LayoutBuilding
import ServerTesting
import Testing

/// Imports by another process while the daemon runs.
@Suite struct ImportTests {
    private func importLayout(_ layout: String, into store: String) throws {
        let program = try Program(["release", "import", "--store", store, layout])
        try #require(try program.finish() == 0, "\(program.errors)")
    }

    @Test func whatIsImportedBootsAtOnce() throws {
        let scratch = try Scratch()
        let store = "\(scratch.path)/store"
        let machines = try scratch.write(
            "machines.yaml",
            """
            machines:
              - name: one
                mac: 52:54:00:00:00:01
                version: v1.13
                schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}}

            """)
        let daemon = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
            "--config", machines,
        ])
        let connection = try HTTPConnection(port: daemon.port())
        #expect(try connection.ask("GET", "/versions").text == "[]\n")
        _ = try connection.ask("POST", "/schematics", body: Array("{}".utf8))
        let boot = "/boot?mac=52-54-00-00-00-01&arch=x86_64"
        #expect(try !connection.ask("GET", boot).text.contains("/initramfs-amd64.xz"))

        for tag in ["v1.13.5", "v1.13.6"] {
            try MiniatureRelease(tag: tag, hostile: [], size: 20_000).layout.write(toFolder: "\(scratch.path)/\(tag)")
            try importLayout("\(scratch.path)/\(tag)", into: store)
            let kernel = try connection.ask("GET", "/image/\(CommandTests.emptyID)/\(tag)/kernel-amd64")
            #expect(kernel.status == 200 && kernel.body.count == 20_001, "\(tag): \(kernel.status)")
            #expect(try connection.ask("GET", boot).text.contains("/\(tag)/initramfs-amd64.xz"))
            #expect(try connection.ask("GET", "/versions").text.contains(tag))
        }

        // Without any request, too.
        try MiniatureRelease(tag: "v1.12.9", hostile: [], size: 5000).layout.write(toFolder: "\(scratch.path)/older")
        try importLayout("\(scratch.path)/older", into: store)
        #expect(holds(within: 20) { daemon.errors.contains("v1.12.9, v1.13.5, v1.13.6") }, "\(daemon.errors)")
        #expect(try connection.ask("GET", "/versions").text.contains("v1.12.9"))
    }

    /// A record that is no file is what a restore that went wrong leaves.
    @Test func aStoreThatCannotBeLookedAtIsToldAndTheReleasesStay() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let daemon = try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
        ])
        let connection = try HTTPConnection(port: daemon.port())
        _ = try connection.ask("POST", "/schematics", body: Array("{}".utf8))
        // Of a kind that this store has no records of: to put a file in the place of a folder takes two steps, and in between the
        // store would be a sound one without that release.
        let folder = "\(store)/records/installers"
        try #require(!FileManager.default.fileExists(atPath: folder))
        try scratch.write("store/records/installers", "no folder")
        #expect(
            holds(within: 20) { daemon.errors.contains("what was known before stays in force") }, "\(daemon.errors)")
        #expect(try connection.ask("GET", "/readyz").text.contains("stays in force"))
        #expect(try connection.ask("GET", "/versions").text.contains("v1.13.5"))
        #expect(try connection.ask("GET", "/image/\(CommandTests.emptyID)/v1.13.5/kernel-amd64").status == 200)
        // What is not known may be there: that is no reason to say that it is not.
        #expect(try connection.ask("GET", "/image/\(CommandTests.emptyID)/v1.13.9/kernel-amd64").status == 500)
        try FileManager.default.removeItem(atPath: folder)
        #expect(holds(within: 20) { daemon.errors.contains("can be looked at again") }, "\(daemon.errors)")
        #expect(try connection.ask("GET", "/readyz").text == "")
        #expect(try connection.ask("GET", "/image/\(CommandTests.emptyID)/v1.13.9/kernel-amd64").status == 404)
    }
}
