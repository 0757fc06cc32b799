import Foundation
import LayoutBuilding
import ServerTesting
import Testing

/// A daemon that is started while its machines file, or a file that it names, is refused.
@Suite struct LastGoodMachinesTests {
    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
    }

    private static let sound =
        "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: plain.yaml, version: latest, config: one.yaml}\n"

    private var path: String { "\(scratch.path)/machines.yaml" }

    private func serve() throws -> Program {
        try Program([
            "serve", "--store", store, "--config", path, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0",
        ])
    }

    private func writeSound() throws {
        try scratch.write("machines.yaml", Self.sound)
        try scratch.write("plain.yaml", "customization: {extraKernelArgs: [kept=1]}\n")
        try scratch.write("one.yaml", "secret: one\n")
    }

    /// Serves a sound file until it has been kept.
    private func serveSound() throws {
        try writeSound()
        let program = try serve()
        _ = try program.port()
        let record = "\(store)/records/machines-file/last-good"
        #expect(holds { FileManager.default.fileExists(atPath: record) }, "\(program.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: record)[.posixPermissions] as? Int
        #expect((mode ?? 0o777) & 0o007 == 0, "it holds configurations")
        program.send(SIGTERM)
        #expect(try program.finish() == 0)
    }

    @Test(arguments: ["machines.yaml", "plain.yaml", "one.yaml"], [nil, "]"])
    func aRefusedFileIsStartedWithoutFrom(name: String, text: String?) throws {
        // A configuration is not looked into; it is there or not.
        if name == "one.yaml", text != nil { return }
        try serveSound()
        if let text {
            try scratch.write(name, text)
        } else {
            try FileManager.default.removeItem(atPath: "\(scratch.path)/\(name)")
        }
        let program = try serve()
        let connection = try HTTPConnection(port: program.port())
        let script = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text
        #expect(script.contains("kept=1") && script.contains("initramfs-amd64.xz"), "\(script)")
        let ready = try connection.ask("GET", "/readyz")
        #expect(
            ready.status == 200 && ready.text.contains("the last good one, kept in the store, is in force"),
            "\(ready.text)")
        #expect(
            program.says("error machines file refused; the last good one, kept in the store, is in force"))

        try writeSound()
        #expect(try holds { try connection.ask("GET", "/readyz").text.isEmpty })
    }

    @Test func withoutAnEarlierOneImagesAreServed() throws {
        try scratch.write("machines.yaml", "machines: [{name: one}]\n")
        let program = try serve()
        let connection = try HTTPConnection(port: program.port())
        let script = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text
        #expect(script.contains("the machines file is refused") && !script.contains("/kernel-"), "\(script)")
        #expect(!script.contains(scratch.path))
        #expect(try connection.ask("GET", "/readyz").text.contains("no machine boots until it is corrected"))
        #expect(try connection.ask("POST", "/schematics", body: Array("{}".utf8)).status == 201)
        let kernel = try connection.ask("GET", "/image/\(CommandTests.emptyID)/v1.13.5/kernel-amd64")
        #expect(kernel.status == 200)

        // A correction takes effect by itself.
        try writeSound()
        #expect(
            try holds { try connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text.contains("kept=1") })
    }

    @Test func anotherFilesCopyIsNotTaken() throws {
        try serveSound()
        let other = try scratch.write("other.yaml", "machines: [{name: one}]\n")
        let program = try Program([
            "serve", "--store", store, "--config", other, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0",
        ])
        let connection = try HTTPConnection(port: program.port())
        #expect(try !connection.ask("GET", "/boot?mac=52-54-00-00-00-01").text.contains("kept=1"))
    }

    @Test func checkAndExplainStayStrict() throws {
        try serveSound()
        try FileManager.default.removeItem(atPath: "\(scratch.path)/one.yaml")
        let check = try Program(["check", "--store", store, "--config", path])
        #expect(try check.finish() == 1)
        #expect(check.errors.contains("one.yaml"), "\(check.errors)")
        let explain = try Program(["explain", "52:54:00:00:00:01", "--store", store, "--config", path])
        #expect(try explain.finish() == 1)
        #expect(explain.errors.contains("one.yaml"), "\(explain.errors)")
    }
}
