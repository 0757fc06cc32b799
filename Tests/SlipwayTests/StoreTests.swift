import Digests
import Foundation
import Glibc
import LayoutBuilding
import OCIModel
import ServerTesting
import Testing

/// The store as the assembled program treats it.
@Suite struct StoreTests {
    private static let schematic =
        "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}, extraKernelArgs: [from=here]}"

    private func serve(_ store: String) throws -> Program {
        try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
        ])
    }

    /// What the first release wrote: imported images, a built segment, a schematic.
    @Test func aStoreOfTheFirstReleaseIsReadOn() throws {
        let scratch = try Scratch()
        let store = "\(scratch.path)/store"
        let fixture = Bundle.module.bundleURL.appending(path: "Fixtures/first-release-store")
        try FileManager.default.copyItem(atPath: fixture.path, toPath: store)
        // Its folder for builds, of a process that has ended.
        try FileManager.default.createDirectory(atPath: "\(store)/work/99999999/x", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(store)/temporary", withIntermediateDirectories: true)
        try scratch.write("store/temporary/1-dead.1", "half")
        let list = try Program(["release", "list", "--store", store])
        #expect(try list.finish() == 0 && list.errors.isEmpty, "\(list.errors)")
        #expect(list.output.contains("v1.13.5\tamd64, arm64\tinstaller"), "\(list.output)")
        #expect(list.output.contains("extension siderolabs/gvisor\tamd64, arm64"), "\(list.output)")
        let program = try serve(store)
        let connection = try HTTPConnection(port: program.port())
        let ready = try connection.ask("GET", "/readyz")
        #expect(ready.status == 200 && ready.body.isEmpty, "\(ready.text)")
        let id = "4bd18145a2b26d6707ce17f8dcd484e7bf8bcab3a3466f1b9b9c36c78ee93354"
        #expect(try connection.ask("GET", "/schematics/\(id)").text.contains("from=first"))
        let kernel = try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64")
        #expect(kernel.status == 200 && kernel.text == "kernel amd64\n")
        let initramfs = try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-arm64.xz")
        #expect(initramfs.status == 200 && initramfs.text.contains("initramfs arm64\n"))
        program.send(SIGTERM)
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store)/work").isEmpty)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(store)/temporary")
        #expect(left.allSatisfy { $0.hasSuffix(".lock") && !$0.hasPrefix("1-dead") }, "\(left)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(store)/corrupt").isEmpty)
    }

    @Test func aKernelThatIsGoneOrMovedAsideIsSaidByReadyz() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let release = try Imported.release.get().release
        let program = try serve(store)
        let connection = try HTTPConnection(port: program.port())
        #expect(try connection.ask("GET", "/readyz").body.isEmpty)
        let kernel = "\(store)/blobs/sha256/\(Digest.of(release.kernel).hexadecimal)"
        // One bit, and the times put back.
        var status = stat()
        #expect(stat(kernel, &status) == 0)
        let descriptor = open(kernel, O_RDWR)
        defer { close(descriptor) }
        let byte = [release.kernel[1000] ^ 1]
        #expect(pwrite(descriptor, byte, 1, 1000) == 1 && futimens(descriptor, [status.st_atim, status.st_mtim]) == 0)
        let id = try connection.ask("POST", "/schematics", body: Array("{}".utf8)).text.dropFirst(7).prefix(64)
        let reply = try connection.ask("GET", "/image/\(id)/v1.13.5/kernel-amd64")
        #expect(reply.status == 500, "\(reply.status)")
        #expect(
            try holds {
                try HTTPConnection(port: program.port()).ask("GET", "/readyz").text.contains(
                    "vmlinuz of v1.13.5 for amd64")
            })
        // The remedy works, beside the daemon.
        let again = try Program(["release", "import", "--store", store, try Imported.release.get().layout])
        #expect(try again.finish() == 0, "\(again.errors)")
        #expect(
            try HTTPConnection(port: program.port()).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").body
                == release.kernel)
        #expect(
            try holds { try HTTPConnection(port: program.port()).ask("GET", "/readyz").body.isEmpty })
    }

    @Test(arguments: ["work", "temporary"])
    func aFolderThatIsRemovedUnderTheDaemonIsMadeAnew(_ name: String) throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let program = try serve(store)
        let connection = try HTTPConnection(port: program.port())
        let body = Array(Self.schematic.utf8)
        let id = try connection.ask("POST", "/schematics", body: body).text.dropFirst(7).prefix(64)
        // Builds need it from the first one on, and again.
        #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").status == 200)
        try? FileManager.default.removeItem(atPath: "\(store)/\(name)")
        #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-arm64.xz").status == 200)
        #expect(try connection.ask("POST", "/schematics", body: Array("{customization: {}}".utf8)).status == 201)
        let ready = try connection.ask("GET", "/readyz")
        #expect(ready.body.isEmpty, "\(ready.text)")
    }

    /// Two containers on one store: each has a process of the other's number, and sees none of the other's.
    @Test(.enabled(if: Program.canUnshare, "needs namespaces of its own"))
    func processesOfOtherContainersAreAlive() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let program = try serve(store)
        let connection = try HTTPConnection(port: program.port())
        let body = Array(Self.schematic.utf8)
        let id = try connection.ask("POST", "/schematics", body: body).text.dropFirst(7).prefix(64)
        #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz").status == 200)
        func work() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: "\(store)/work") }
        let before = try work()
        #expect(before.count == 1)
        let build = try Program(command: [
            "/usr/bin/unshare", "-rpf", "--mount-proc", Program.path, "build", "initramfs-arm64.xz", "--store", store,
            "--schematic", try scratch.write("s.yaml", Self.schematic), "--output", "\(scratch.path)/out",
        ])
        #expect(try build.finish() == 0, "\(build.errors)")
        #expect(try work() == before, "the daemon's folder is still there, and the other's is gone")
        #expect(try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-arm64.xz").status == 200)
    }

    @Test func textOfStrangersDoesNotReachTheTerminalAsItIs() throws {
        let scratch = try Scratch()
        var layout = OCILayout()
        let name = "ghcr.io/a\u{1b}[2J\nimager\tghcr.io/siderolabs/imager:v9.9.9\u{202e}\u{9b}31m\u{2028}"
        layout.list(try layout.add(.systemExtension("x")), as: name)
        layout.list(try layout.add(ImageContent([[file("bin/sh", "x")]])), as: name + "bad")
        layout.list(
            layout.add(Array("hello".utf8), MediaType(rawValue: "text/\u{1b}]0;x\u{7}\nplain")), as: name + "skipped")
        layout.list(
            try layout.add(
                .overlayCatalog("overlays: [{name: \"a\\e[2J\\nb\", image: a/b:c, digest: \(Digest.of("x"))}]\n")),
            as: "siderolabs/overlays:v1.13.5")
        layout.list(try layout.add(.imager("v1.13.5")), as: "siderolabs/imager:v1.13.5")
        try layout.write(toFolder: "\(scratch.path)/lay\u{1b}out")
        let store = "\(scratch.path)/store"
        for arguments in [
            ["release", "import", "--store", store, "\(scratch.path)/lay\u{1b}out"],
            ["release", "import", "--json", "--store", store, "\(scratch.path)/lay\u{1b}out"],
            ["release", "import", "--store", store, "\(scratch.path)/no\u{1b}\nne"],
            ["release", "list", "--store", store], ["release", "list", "--json", "--store", store],
            ["check", "--store", store, "--config", "\(scratch.path)/no\u{1b}\nne"],
        ] {
            let program = try Program(arguments)
            _ = try program.finish()
            let text = program.output + program.errors
            let acting = text.unicodeScalars.filter { scalar in
                scalar != "\n" && scalar != "\t"
                    && [.control, .format, .lineSeparator].contains(scalar.properties.generalCategory)
            }
            #expect(acting.isEmpty, "\(arguments): \(text.debugDescription)")
            #expect(!text.split(separator: "\n").contains { $0.hasPrefix("imager\tghcr.io/siderolabs/imager:v9.9.9") })
            #expect(
                !text.split(separator: "\n").contains {
                    $0.hasPrefix("ne") || $0.hasPrefix("plain") || $0.hasPrefix("b\t")
                })
            if arguments.contains("--json") {
                let value = try JSONSerialization.jsonObject(with: Data(program.output.utf8))
                #expect("\(value)".contains("v1.13.5"))
            }
        }
    }

    @Test func cosignsLayoutIsImported() throws {
        let scratch = try Scratch()
        let fixture = Bundle.module.bundleURL.appending(path: "Fixtures/oci-cosign-save.tar")
        let program = try Program(["release", "import", "--store", "\(scratch.path)/store", fixture.path])
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(program.output.hasPrefix("imager\t") && program.output.contains("v1.13.5"), "\(program.output)")
        #expect(program.errors.contains("skipped") && program.errors.contains("cosign"), "\(program.errors)")
    }
}
