import Foundation
import Glibc
import LayoutBuilding
import ProgramTesting
import ServerTesting
import Testing

/// A folder for one test, which goes when the test ends.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-run-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file, by renaming as editors do, and gives its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"), options: .atomic)
        return "\(path)/\(name)"
    }

    /// A store with the small release in it.
    func filledStore() throws -> String {
        try FileManager.default.copyItem(atPath: Imported.release.get().store, toPath: "\(path)/store")
        return "\(path)/store"
    }
}

/// The small release, imported by the program itself, once; tests copy the store.
struct Imported {
    static let release = Result { try Imported() }

    let release: MiniatureRelease
    let layout: String
    let store: String
    /// What the import printed.
    let output: String
    private let scratch: Scratch

    private init() throws {
        scratch = try Scratch()
        layout = "\(scratch.path)/layout"
        store = "\(scratch.path)/store"
        release = try MiniatureRelease()
        try release.layout.write(toFolder: layout)
        let program = try Program(["release", "import", "--store", store, layout])
        try #require(try program.finish() == 0, "\(program.errors)")
        output = program.output
        let path = scratch.path
        Imported.leftover = path
        atexit { try? FileManager.default.removeItem(atPath: Imported.leftover) }
    }

    // Written once, before anything reads it.
    nonisolated(unsafe) private static var leftover = ""
}

/// A run of the real program, which is built beside the tests. It ends with its owner.
final class Program {
    static let path: String = {
        let folder = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
        return folder.appendingPathComponent("slipway").path
    }()

    /// Whether a process may have a network and mounts of its own here.
    static let canUnshare: Bool = {
        do { return try Program(command: ["/usr/bin/unshare", "-rnm", "/bin/true"]).finish() == 0 } catch {
            return false
        }
    }()

    var process: pid_t { child.id }
    private let child: ChildProcess
    private let scratch: Scratch
    private var status: Int32?

    /// Runs slipway.
    convenience init(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws {
        try self.init(command: [Self.path] + arguments, input: input, environment: environment)
    }

    /// Runs any program.
    init(command: [String], input: String = "", environment: [String: String] = [:]) throws {
        scratch = try Scratch()
        let folder = scratch.path
        try scratch.write("input", input)
        func handle(_ name: String, _ flags: Int32) throws -> FileHandle {
            let descriptor = open("\(folder)/\(name)", flags | O_CLOEXEC, 0o600)
            try #require(descriptor >= 0, "\(folder)/\(name): \(String(cString: strerror(errno)))")
            return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }
        let input = try handle("input", O_RDONLY)
        let output = try handle("output", O_WRONLY | O_CREAT | O_APPEND)
        let errors = try handle("errors", O_WRONLY | O_CREAT | O_APPEND)
        // This host may have settings and machines of its own.
        let settings = try scratch.write("settings.yaml", "machines: null\n")
        let variables = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "SLIPWAY_SETTINGS": settings,
        ].merging(environment) { $1 }
        child = try ChildProcess(
            command, environment: variables, input: input.fileDescriptor, output: output.fileDescriptor,
            errors: errors.fileDescriptor)
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            _ = child.wait()
        }
    }

    private func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(scratch.path)/\(name)") ?? Data(), as: UTF8.self)
    }

    /// What it has printed so far.
    var output: String { text("output") }
    /// What it has printed on standard error so far.
    var errors: String { text("errors") }
    /// The lines of standard error.
    var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

    /// Sends a signal, unless it has ended: its number may be another process' by then.
    func send(_ signal: Int32) { if !hasEnded { kill(process, signal) } }

    /// Whether it has ended.
    var hasEnded: Bool {
        if status != nil { return true }
        status = child.ended()
        return status != nil
    }

    /// Waits for its end.
    ///
    /// - Returns: Its exit code, or the signal that ended it as a negative number.
    func finish(within seconds: Double = patience) throws -> Int32 {
        try #require(holds(within: seconds) { hasEnded }, "it runs on: \(errors)")
        let status = status ?? 0
        return status > 128 ? 128 - status : status
    }

    /// Whether it says so on standard error, now or soon: the log is written behind what it tells of.
    func says(_ text: String) -> Bool { holds { errors.contains(text) || hasEnded } && errors.contains(text) }

    /// Waits until everything listens, and gives a port from the log.
    func port(_ name: String = "http") throws -> Int {
        var port: Int?
        _ = holds {
            for line in errorLines where line.contains(" notice ready ") {
                for word in line.split(separator: " ") where word.hasPrefix("\(name).port=") {
                    port = Int(word.dropFirst(name.count + 6))
                }
            }
            return port != nil || hasEnded
        }
        return try #require(port, "\(errors)")
    }
}

/// A datagram socket that a service manager would listen on.
final class NotifySocket: Sendable {
    let name: String
    private let socket: Int32

    /// A socket at a path, or an abstract one for a name that begins with `@`.
    init(_ name: String) throws {
        self.name = name
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var time = timeval(tv_sec: Int(patience), tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(name.utf8)
        if name.hasPrefix("@") { path[0] = 0 }
        try #require(path.count < 108)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(2 + path.count)) }
        }
        try #require(result == 0, "\(String(cString: strerror(errno)))")
    }

    deinit { close(socket) }

    /// Waits for a message of the watchdog; false when none came in time.
    func waitForWatchdog(milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(socket, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).contains("WATCHDOG=1")
    }

    /// The next message that is not the watchdog's.
    func next() throws -> String {
        while true {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &bytes, bytes.count, 0)
            try #require(count >= 0, "no message came")
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            if text != "WATCHDOG=1" { return text }
        }
    }
}

/// Holds a port of the loopback.
final class HeldPort {
    let port: Int
    private let socket: Int32

    init(datagrams: Bool) throws {
        let kind = datagrams ? SOCK_DGRAM : SOCK_STREAM
        socket = Glibc.socket(AF_INET, Int32(kind.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = socket
        let result = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                var result = bind(descriptor, name, size)
                if result == 0, !datagrams { result = listen(descriptor, 1) }
                return result == 0 ? getsockname(descriptor, name, &size) : result
            }
        }
        try #require(result == 0, "\(String(cString: strerror(errno)))")
        port = Int(in_port_t(bigEndian: name.sin_port))
    }

    deinit { close(socket) }
}
