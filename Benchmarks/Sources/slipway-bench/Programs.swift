import Foundation
import Loads
import Synchronization

/// What must be undone however the run ends: programs to stop, namespaces to remove.
enum CleanUp {
    private struct State {
        var actions: [Int: @Sendable () -> Void] = [:]
        var next = 0
        var isEnding = false
    }

    private static let state = Mutex(State())

    /// Has `action` done when the run ends, unless it is forgotten before. When the run is ending already, does it at once and
    /// does not return, so that nothing new is begun behind the back of the clean-up.
    static func add(_ action: @escaping @Sendable () -> Void) -> Int {
        let number = state.withLock { state -> Int? in
            guard !state.isEnding else { return nil }
            state.next += 1
            state.actions[state.next] = action
            return state.next
        }
        if let number { return number }
        action()
        while true { pause() }
    }

    /// Returns only if the run is not ending already.
    static func passUnlessEnding() { forget(add {}) }

    static func forget(_ number: Int) { state.withLock { $0.actions[number] = nil } }

    /// Does all that is left, the newest first.
    static func run() {
        let left = state.withLock { state in
            state.isEnding = true
            defer { state.actions = [:] }
            return state.actions
        }
        for (_, action) in left.sorted(by: { $0.key > $1.key }) { action() }
    }

    /// Cleans up when the user or the system ends the program.
    static func runOnSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                run()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}

/// A program of this host.
struct Program {
    /// Its file.
    let path: String
    /// A network namespace to run in.
    var namespace: String?

    /// The file at a path.
    init(path: String) { self.path = path }

    /// A program in the search path, or where administrators' programs lie.
    /// - Parameter package: What to install when it is missing.
    init(_ name: String, from package: String) throws {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders + ["/usr/sbin", "/sbin"] where access("\(folder)/\(name)", X_OK) == 0 {
            path = "\(folder)/\(name)"
            return
        }
        throw Failure("\(name) is not installed: install the package \(package)")
    }

    /// A program that was built with this one.
    static func beside(_ name: String) throws -> Program {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard access(path, X_OK) == 0 else { throw Failure("\(path) is not built: run swift build in Benchmarks") }
        return Program(path: path)
    }

    /// The same program in a network namespace.
    func inside(_ namespace: String?) -> Program {
        var copy = self
        copy.namespace = namespace
        return copy
    }

    private var name: String { URL(fileURLWithPath: path).lastPathComponent }

    /// Runs it to its end and returns its output; what it says on standard error is part of the failure.
    /// - Parameters:
    ///   - input: What it reads on standard input, a few KiB at most.
    ///   - cleaningUp: Whether it is itself part of the clean-up, which must not stop it.
    @discardableResult
    func run(_ arguments: [String], input: [UInt8] = [], cleaningUp: Bool = false) throws -> String {
        let errorFile = FileManager.default.temporaryDirectory.path + "/slipway-bench-\(UUID().uuidString)"
        let errors = try newFile(errorFile)
        defer { unlink(errorFile) }
        let output = try pipeEnds()
        let feed = try pipeEnds()
        let pid: Int32
        do {
            defer {
                close(output.write)
                close(feed.read)
            }
            pid = try spawn(
                arguments, input: feed.read, output: output.write, errors: errors.fileDescriptor, environment: [:])
        }
        let undo = cleaningUp ? nil : CleanUp.add { kill(pid, SIGTERM) }
        defer { if let undo { CleanUp.forget(undo) } }
        let fed = write(feed.write, input, input.count)
        close(feed.write)
        let text = readAll(output.read)
        close(output.read)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard status == 0, fed == input.count else {
            let said = (readText(errorFile) ?? "").suffix(2000).trimmingCharacters(in: .whitespacesAndNewlines)
            throw Failure("\(name) \(Self.ending(status)): \(said)")
        }
        return text
    }

    /// Starts it and lets it run; what it says goes to a file.
    func start(_ arguments: [String], log: String, environment: [String: String] = [:]) throws -> RunningProgram {
        let file = try newFile(log)
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(nothing) }
        let pid = try spawn(
            arguments, input: nothing, output: file.fileDescriptor, errors: file.fileDescriptor,
            environment: environment)
        return RunningProgram(pid, name: name, log: log)
    }

    /// Starts it with these three files, and with every signal as it is by default.
    private func spawn(
        _ arguments: [String], input: Int32, output: Int32, errors: Int32, environment: [String: String]
    ) throws -> Int32 {
        var words = [path] + arguments
        if let namespace { words = [try Program("ip", from: "iproute2").path, "netns", "exec", namespace] + words }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in [input, output, errors].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let variables = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        let code = withCStrings(words) { words in
            withCStrings(variables.map { "\($0)=\($1)" }) { variables in
                var pid: Int32 = 0
                guard let program = words[0] else { return -EINVAL }
                let code = posix_spawn(&pid, program, &actions, &attributes, words, variables)
                return code == 0 ? pid : -code
            }
        }
        guard code > 0 else { throw Failure("starting \(path): \(String(cString: strerror(-code)))") }
        return code
    }

    /// How a program ended, out of what wait(2) says.
    fileprivate static func ending(_ status: Int32) -> String {
        status & 0x7f == 0 ? "ended with \(status >> 8)" : "was ended by signal \(status & 0x7f)"
    }
}

/// A program that runs beside this one, until it is stopped.
final class RunningProgram {
    let name: String
    let log: String
    let pid: Int32
    private let undo: Int
    /// How it ended, once it has.
    private var ending: String?

    fileprivate init(_ pid: Int32, name: String, log: String) {
        self.pid = pid
        self.name = name
        self.log = log
        undo = CleanUp.add { kill(pid, SIGTERM) }
    }

    deinit { stop() }

    var account: ProcessAccount { ProcessAccount(pid: pid) }
    /// What it said last.
    var endOfLog: String { (readText(log) ?? "").suffix(1500).trimmingCharacters(in: .whitespacesAndNewlines) }

    private func isRunning() -> Bool {
        guard ending == nil else { return false }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return true }
        CleanUp.forget(undo)
        ending = Program.ending(status)
        return false
    }

    /// Ends it, and waits until it has ended.
    func stop() {
        guard isRunning() else { return }
        kill(pid, SIGTERM)
        let deadline = secondsNow() + 10
        while isRunning(), secondsNow() < deadline { usleep(2000) }
        guard isRunning() else { return }
        complain("  \(name) does not end on SIGTERM within 10 s\n")
        kill(pid, SIGKILL)
        while isRunning() { usleep(2000) }
    }

    /// Waits until `condition` holds; fails when the program ends first, with the end of its log.
    func wait(for what: String, seconds: Double = 30, _ condition: () throws -> Bool) throws {
        let deadline = secondsNow() + seconds
        while try !condition() {
            guard isRunning(), secondsNow() < deadline else {
                let problem = ending.map { "did not come, it \($0)" } ?? "is not there after \(Int(seconds)) s"
                throw Failure("\(name): \(what) \(problem): \(endOfLog)")
            }
            usleep(1000)
        }
    }

    /// Whether a socket of its network namespace is bound to a UDP port.
    func hasUDPPort(_ port: UInt16) -> Bool {
        let wanted = String(format: ":%04X", port)
        let lines = (readText("/proc/\(pid)/net/udp") ?? "").split(separator: "\n").dropFirst()
        return lines.contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 1 && fields[1].hasSuffix(wanted)
        }
    }
}

/// A new, empty file, open for writing.
func newFile(_ path: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil) else { throw Failure("cannot write \(path)") }
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
}

/// Both ends of a new pipe, which programs do not inherit unless told to.
private func pipeEnds() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw Failure.system("making a pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
}

/// Everything up to the end of a file or pipe, as text.
private func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = read(descriptor, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer[..<count]
    }
}

/// Texts as C takes a list of them, with a null at the end.
private func withCStrings<Result>(
    _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
) rethrows -> Result {
    var pointers = texts.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    pointers.append(nil)
    return try body(pointers)
}
