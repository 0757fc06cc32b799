import Foundation
import ProgramTesting
import Testing

/// A process with a pipe to end it by and lines to read.
public final class Child {
    private let process: ChildProcess
    private var isRunning = true
    private var input: Int32
    private let output: Int32
    private var rest: [UInt8] = []

    public init(_ command: [String]) throws {
        var (toChild, fromChild): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&toChild) == 0 && pipe(&fromChild) == 0)
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer {
            close(toChild[0])
            close(fromChild[1])
        }
        (input, output) = (toChild[1], fromChild[0])
        do {
            process = try ChildProcess(
                command, environment: ProcessInfo.processInfo.environment, input: toChild[0], output: fromChild[1],
                errors: fromChild[1])
        } catch {
            close(input)
            close(output)
            throw error
        }
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
        if isRunning { kill(process.id, SIGTERM) }
        closeInput()
        wait()
    }

    /// Whether it has ended by itself.
    public var hasEnded: Bool {
        if isRunning, process.ended() != nil { isRunning = false }
        return !isRunning
    }

    private func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    private func wait() {
        if isRunning { _ = process.wait() }
        isRunning = false
    }
}
