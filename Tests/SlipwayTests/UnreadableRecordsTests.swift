import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// Records of releases that cannot be read: each is left out and named, and all others are as they were.
@Suite struct UnreadableRecordsTests {
    private static let key = String(repeating: "a", count: 64)

    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
    }

    private func spoil(_ path: String, _ fault: String) throws {
        switch fault {
        case "link": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "nowhere")
        case "circle": try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: Self.key)
        case "pipe": #expect(mkfifo(path, 0o600) == 0)
        default: try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
    }

    private func serve() throws -> Program {
        try Program([
            "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port", "0",
        ])
    }

    @Test(arguments: ["link", "circle", "pipe", "folder"])
    func oneIsLeftOutAndNamed(fault: String) throws {
        let name = "images/\(Self.key)"
        try spoil("\(store)/records/\(name)", fault)
        let daemon = try serve()
        let connection = try HTTPConnection(port: daemon.port())
        #expect(try connection.ask("GET", "/versions").text.contains("v1.13.5"))
        #expect(try connection.ask("GET", "/readyz").text.contains(name))
        #expect(daemon.says(name), "\(daemon.errors)")
        let list = try Program(["release", "list", "--store", store])
        #expect(try list.finish() == 0 && list.output.contains("v1.13.5"), "\(list.errors)")
        #expect(list.errorLines.count == 1 && list.errors.contains(name), "\(list.errors)")
        let check = try Program(["check", "--store", store, "--loader-folder", Loaders.folder(in: scratch)])
        #expect(
            try check.finish() == 1 && check.errorLines.count == 1 && check.errors.contains(name), "\(check.errors)")
    }

    /// What is imported from now on is taken over all the same.
    @Test func aRunningDaemonGoesOn() throws {
        let daemon = try serve()
        let connection = try HTTPConnection(port: daemon.port())
        try spoil("\(store)/records/images/\(Self.key)", "link")
        #expect(daemon.says("images/\(Self.key)"), "\(daemon.errors)")
        let layout = "\(scratch.path)/layout"
        try MiniatureRelease(tag: "v1.13.6", size: 3000).layout.write(toFolder: layout)
        let program = try Program(["release", "import", "--store", store, layout])
        #expect(try program.finish() == 0, "\(program.errors)")
        #expect(try holds { try connection.ask("GET", "/versions").text.contains("v1.13.6") })
    }

    /// Another user's is read as soon as it may be, which no change of its folder tells.
    @Test(.enabled(if: geteuid() == 0, "needs to run as root"))
    func oneThatOnlyAnotherUserMayRead() throws {
        let owner: uid_t = 65_534
        #expect(chmod(scratch.path, 0o755) == 0 && lchown(store, owner, owner) == 0)
        for name in FileManager.default.enumerator(atPath: store)?.compactMap({ $0 as? String }) ?? [] {
            #expect(lchown("\(store)/\(name)", owner, owner) == 0)
        }
        let record = "\(store)/records/boot-files/1.13.5"
        #expect(chown(record, 0, 0) == 0 && chmod(record, 0o600) == 0)
        // Root goes on as the store's owner.
        let daemon = try serve()
        let connection = try HTTPConnection(port: daemon.port())
        #expect(try connection.ask("GET", "/versions").text.contains("v1.13.5") == false)
        #expect(try connection.ask("GET", "/readyz").text.contains("boot-files/1.13.5"))
        // Long enough for the folder to count as unchanged.
        usleep(100_000)
        #expect(chown(record, owner, owner) == 0)
        #expect(
            try holds { try connection.ask("GET", "/version/v1.13.5/extensions/official").text.contains("gvisor") })
        #expect(try connection.ask("GET", "/versions").text.contains("v1.13.5"))
        #expect(try connection.ask("GET", "/readyz").text.isEmpty)
    }
}
