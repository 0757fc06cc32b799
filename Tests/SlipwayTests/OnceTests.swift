import Foundation
import Glibc
import ServerTesting
import Testing

/// `boot: once` means once, whatever happens to the daemon and its disk.
@Suite struct OnceTests {
    private static let machine = "mac: ['52:54:00:00:00:01', '52:54:00:00:00:02']"
    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = "\(scratch.path)/store"
        try write("once")
    }

    /// The machines file with its one machine.
    private func write(_ mode: String) throws {
        try scratch.write(
            "machines.yaml",
            """
            defaults: {schematic: {customization: {}}, version: latest}
            machines: [{name: one, \(Self.machine), boot: \(mode)}]

            """)
    }

    private var arguments: [String] {
        [
            "serve", "--store", store, "--config", "\(scratch.path)/machines.yaml", "--dhcp", "off", "--no-tftp",
            "--http-address", "127.0.0.1", "--http-port", "0",
        ]
    }

    /// What a machine is told: the path of its initramfs, or nil when it is sent to its disk.
    private func told(_ port: Int, _ mac: String = "52-54-00-00-00-01", at client: UInt8 = 11) throws -> String? {
        let script = try HTTPConnection(port: port, client: client).ask("GET", "/boot?mac=\(mac)&arch=x86_64").text
        let word = script.split(whereSeparator: \.isWhitespace).first { $0.hasSuffix("initramfs-amd64.xz") }
        #expect(word != nil || script.contains("boots from its disk"), "\(script)")
        return word.map { String($0.dropFirst("http://localhost".utf8.count)) }
    }

    private func fetch(_ path: String, _ port: Int, at client: UInt8 = 11) throws {
        #expect(try HTTPConnection(port: port, client: client).ask("GET", path).status == 200)
    }

    @Test func theSecondInterfaceIsTheSameMachine() throws {
        _ = try scratch.filledStore()
        let daemon = try Program(arguments)
        let port = try daemon.port()
        try fetch(try #require(try told(port)), port)
        #expect(try holds { try told(port, "52-54-00-00-00-02", at: 12) == nil })
    }

    /// The daemon ends between script and initramfs, whatever the signal.
    @Test(arguments: [SIGKILL, SIGTERM]) func whatWasToldIsAwaitedByTheNextDaemon(signal: Int32) throws {
        _ = try scratch.filledStore()
        let first = try Program(arguments)
        let initramfs = try #require(try told(first.port()))
        first.send(signal)
        _ = try first.finish(within: 20)
        let second = try Program(arguments)
        let port = try second.port()
        #expect(!second.errors.contains(" warning "), "\(second.errors)")
        // Another machine's, and another asset, are not what is awaited.
        try fetch(initramfs, port, at: 12)
        try fetch(initramfs.replacing("amd64", with: "arm64"), port)
        #expect(try told(port, "52-54-00-00-00-02", at: 12) != nil)
        try fetch(initramfs, port)
        #expect(try holds { try told(port) == nil })
    }

    /// What was awaited once is not awaited any more by the next daemon, when the machine was told something else since.
    @Test func whatWasWithdrawnIsNotAwaitedByTheNextDaemon() throws {
        _ = try scratch.filledStore()
        let first = try Program(arguments)
        let port = try first.port()
        let initramfs = try #require(try told(port))
        try write("local")
        #expect(try holds { try told(port) == nil })
        first.send(SIGKILL)
        _ = try first.finish()
        try write("once")
        let second = try Program(arguments)
        let other = try second.port()
        try fetch(initramfs, other)
        #expect(try told(other) != nil)
        #expect(try told(other) != nil)
        #expect(!FileManager.default.fileExists(atPath: "\(store)/records/booted/52-54-00-00-00-01"))
    }

    /// As after a damage of the file system.
    @Test func notesThatCannotBeReadStopOnlyWhoNeedsThem() throws {
        _ = try scratch.filledStore()
        try? FileManager.default.removeItem(atPath: "\(store)/records/booted")
        #expect(FileManager.default.createFile(atPath: "\(store)/records/booted", contents: nil))
        let check = try Program(["check"] + arguments.dropFirst() + ["--external-url", "http://127.0.0.1:1"])
        #expect(try check.finish() == 1)
        #expect(check.errors.contains("machines with boot: once are refused"), "\(check.output)\(check.errors)")
        let daemon = try Program(arguments)
        let port = try daemon.port()
        func script() throws -> String {
            try HTTPConnection(port: port, client: 11).ask("GET", "/boot?mac=52-54-00-00-00-01&arch=x86_64").text
        }
        #expect(try script().contains("cannot be booted"))
        #expect(
            holds {
                (try? HTTPConnection(port: port).ask("GET", "/readyz").text)?.contains(
                    "machines with boot: once are refused")
                    == true
            })
        try write("always")
        #expect(holds { (try? script())?.contains("initramfs-amd64.xz") == true }, "\(daemon.errors)")
    }

    @Test func whatIsAwaitedAndCannotBeKeptIsSaid() throws {
        _ = try scratch.filledStore()
        try FileManager.default.createDirectory(atPath: "\(store)/journal/awaited", withIntermediateDirectories: true)
        let daemon = try Program(arguments)
        let port = try daemon.port()
        #expect(
            holds {
                (try? HTTPConnection(port: port).ask("GET", "/readyz").text)?.contains("told to boot once is not kept")
                    == true
            }, "\(daemon.errors)")
        #expect(try told(port) != nil)
    }

    @Test func daemonsOnOneStoreKnowOfEachOthersNotes() throws {
        _ = try scratch.filledStore()
        let (first, second) = (try Program(arguments), try Program(arguments))
        let (port, other) = (try first.port(), try second.port())
        #expect(try told(other, at: 12) != nil)
        try fetch(try #require(try told(port)), port)
        #expect(try holds { try told(other, at: 12) == nil })
        #expect(unlink("\(store)/records/booted/52-54-00-00-00-01") == 0)
        #expect(try holds { try told(port) != nil })
        #expect(try holds { try told(other, at: 12) != nil })
    }

    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func aFullDiskDelaysTheNote() throws {
        let filled = try scratch.filledStore()
        try FileManager.default.moveItem(atPath: filled, toPath: "\(filled).filled")
        try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
        let command = arguments.map { "'\($0)'" }.joined(separator: " ")
        let daemon = try Program(command: [
            "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
            "mount -t tmpfs -o size=64m none '\(store)' && cp -a '\(filled).filled/.' '\(store)' "
                + "&& exec '\(Program.path)' \(command)",
        ])
        let port = try daemon.port()
        let initramfs = try #require(try told(port))
        // Once, so that it is built.
        try fetch(initramfs, port, at: 13)
        let inside = "/proc/\(daemon.process)/root\(store)"
        let full = try Program(command: ["/bin/sh", "-c", "cat /dev/zero > '\(inside)/fill'"])
        #expect(try full.finish() != 0 && full.errors.contains("No space left"), "\(full.errors)")
        try fetch(initramfs, port)
        #expect(try holds { try told(port) == nil })
        let connection = try HTTPConnection(port: port)
        #expect(try holds { try connection.ask("GET", "/readyz").text.contains("a machine with boot: once has had") })
        #expect(try connection.ask("GET", "/readyz").text.contains("free some space; it is tried again by itself"))
        #expect(unlink("\(inside)/fill") == 0)
        #expect(
            holds(within: 30) {
                FileManager.default.fileExists(atPath: "\(inside)/records/booted/52-54-00-00-00-01")
            })
        #expect(try holds { try connection.ask("GET", "/readyz").body.isEmpty })
        #expect(try told(port) == nil)
    }
}
