import Foundation
import Testing

/// A process with a pipe to end it by and lines to read.
///
/// Spawned by hand: Foundation's `Process` waits for a descriptor that other children may have inherited, for ever.
final class Child: @unchecked Sendable {
    // Used by one test's task only.
    private var process: pid_t = 0
    private var input: Int32
    private let output: Int32
    private var rest: [UInt8] = []

    init(_ command: [String]) throws {
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&toChild) == 0 && pipe(&fromChild) == 0)
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        (input, output) = (toChild[1], fromChild[0])
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
        // Threads of the test process block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let status = posix_spawnp(&process, command[0], &actions, &attributes, &arguments, environ)
        close(toChild[0])
        close(fromChild[1])
        try #require(status == 0, "\(command[0]): \(String(cString: strerror(status)))")
    }

    deinit {
        terminate()
        close(output)
    }

    /// Lines up to the one that contains `mark`, or to the end. A child that says nothing for 20 seconds is ended.
    func lines(until mark: String? = nil) -> [String] {
        var lines: [String] = []
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                lines.append(line)
                if let mark, line.contains(mark) { return lines }
                continue
            }
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 20_000) > 0 else {
                Issue.record("no \(mark ?? "end") after \(lines)")
                terminate()
                return lines
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &buffer, buffer.count)
            if count <= 0 { return lines }
            rest += buffer.prefix(count)
        }
    }

    /// Ends its input, on which the rig ends by itself.
    func finish() -> [String] {
        closeInput()
        let lines = lines()
        wait()
        return lines
    }

    func terminate() {
        if process > 0 { kill(process, SIGTERM) }
        closeInput()
        wait()
    }

    private func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func wait() {
        if process > 0 { waitpid(process, nil, 0) }
        process = 0
    }
}

/// Two network namespaces, joined by two cables: a server's and a client's.
struct Namespaces: Sendable {
    let server: String
    let client: String

    static let isPossible =
        getuid() == 0
        && ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"].contains { FileManager.default.isExecutableFile(atPath: $0) }
    static let hasDnsmasq = FileManager.default.isExecutableFile(atPath: "/usr/sbin/dnsmasq")

    /// The rig is built beside the tests.
    static var rig: String {
        let folder = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
        return folder.appendingPathComponent("DHCPRig").path
    }

    init(_ name: String) throws {
        server = "\(name)s\(getpid())"
        client = "\(name)c\(getpid())"
        for namespace in [server, client] {
            try Self.run("ip netns add \(namespace)")
            try Self.run("ip -n \(namespace) link set lo up")
        }
        for (number, network) in [(0, "10.99.0"), (1, "10.98.0")] {
            try Self.run("ip -n \(server) link add s\(number) type veth peer name c\(number) netns \(client)")
            try Self.run("ip -n \(server) address add \(network).1/24 dev s\(number)")
            try Self.run("ip -n \(server) link set s\(number) up")
            try Self.run("ip -n \(client) link set c\(number) up")
        }
    }

    static func run(_ command: String) throws {
        let lines = try Child(command.split(separator: " ").map(String.init)).finish()
        if !lines.isEmpty { Issue.record("\(command): \(lines.joined(separator: " "))") }
    }

    func remove() {
        for namespace in [server, client] { try? Self.run("ip netns delete \(namespace)") }
    }

    func serve(_ arguments: String) throws -> Child {
        try inside(server, [Self.rig, "serve"] + arguments.split(separator: " ").map(String.init))
    }

    func inside(_ namespace: String, _ command: [String]) throws -> Child {
        try Child(["ip", "netns", "exec", namespace] + command)
    }
}
