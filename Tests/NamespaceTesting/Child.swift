import Foundation
import Testing

/// A process with a pipe to end it by and lines to read.
///
/// Spawned by hand: Foundation's `Process` waits for a descriptor that other children may have inherited, for ever.
public final class Child {
    private var process: pid_t = 0
    private var input: Int32
    private let output: Int32
    private var rest: [UInt8] = []

    public init(_ command: [String]) throws {
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

    /// Lines up to the one that contains `mark`, or to the end. A child that says nothing for three minutes is ended.
    public func lines(until mark: String? = nil) -> [String] {
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
            guard poll(&waiting, 1, 180_000) > 0 else {
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
    @discardableResult public func finish() -> [String] {
        closeInput()
        let lines = lines()
        wait()
        return lines
    }

    public func terminate() {
        if process > 0 { kill(process, SIGTERM) }
        closeInput()
        wait()
    }

    /// Whether it has ended by itself.
    public var hasEnded: Bool {
        if process > 0, waitpid(process, nil, WNOHANG) == process { process = 0 }
        return process == 0
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
