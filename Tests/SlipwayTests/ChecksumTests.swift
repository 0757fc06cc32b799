import Foundation
import ServerTesting
import Testing

/// Checksums, as those who download images use them.
@Suite struct ChecksumTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func whatIsDownloadedPassesItsChecksums() throws {
        let program = try Program([
            "serve", "--store", try scratch.filledStore(), "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0",
        ])
        let connection = try HTTPConnection(port: program.port())
        let schematic = "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"
        let posted = try connection.ask("POST", "/schematics", body: Array(schematic.utf8))
        #expect(posted.status == 201)
        let id = try #require(posted.text.split(separator: "\"").first { $0.utf8.count == 64 })
        for name in ["kernel-x86_64", "cmdline-metal-amd64", "initramfs-amd64.xz"] {
            for path in [name, "\(name).sha256", "\(name).sha512"] {
                let reply = try connection.ask("GET", "/image/\(id)/v1.13.5/\(path)")
                #expect(reply.status == 200)
                try Data(reply.body).write(to: URL(filePath: "\(scratch.path)/\(path)"))
            }
        }
        program.send(SIGTERM)
        #expect(try program.finish() == 0, "\(program.errors)")
        let checked = try check()
        #expect(checked.split(separator: "\n").count == 6 && !checked.contains("FAILED"), "\(checked)")
        // And what was changed does not.
        try Data("x".utf8).write(to: URL(filePath: "\(scratch.path)/kernel-x86_64"))
        #expect(try check().split(separator: "\n").count { $0.contains("FAILED") } == 2)
    }

    @Test func theCommandMakesThemToo() throws {
        let store = try scratch.filledStore()
        for asset in ["initramfs-amd64.xz", "initramfs-amd64.xz.sha256", "initramfs-amd64.xz.sha512"] {
            let build = try Program(["build", asset, "--store", store, "--output", "\(scratch.path)/\(asset)"])
            #expect(try build.finish() == 0, "\(build.errors)")
        }
        #expect(try check().split(separator: "\n") == ["initramfs-amd64.xz: OK", "initramfs-amd64.xz: OK"])
        for (asset, reason) in [
            ("metal-amd64.iso.sha256", "metal-amd64.iso: this version of Slipway makes kernel, cmdline and initramfs"),
            ("cmdline-nowhere-amd64.sha256", "Talos knows no platform 'nowhere'"),
            ("kernel-amd64.sha1", "each also with .sha256 or .sha512"),
        ] {
            let refused = try Program(["build", asset, "--store", store, "--output", "\(scratch.path)/no"])
            #expect(try refused.finish() != 0 && refused.errors.contains(reason), "\(refused.errors)")
        }
    }

    /// What coreutils says of all that was written.
    private func check() throws -> String {
        let program = try Program(
            command: [
                "/bin/sh", "-c",
                "cd \(scratch.path) && for f in *.sha256; do sha256sum -c $f; done 2>/dev/null; "
                    + "for f in *.sha512; do sha512sum -c $f; done 2>/dev/null; true",
            ])
        #expect(try program.finish() == 0, "\(program.errors)")
        return program.output
    }
}
