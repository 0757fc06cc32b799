import Foundation
import ProgramTesting
import Synchronization

/// A process of the lab, with everything that it writes kept in a file and watched as it comes. For a machine that is
/// its serial line.
public final class LabProcess: Sendable {
    /// What the process is called in messages.
    public let name: String
    /// The file with all that it wrote.
    public let log: String
    private let child: ChildProcess
    private let state: Mutex<State>

    fileprivate struct State {
        var text = ""
        var isReady = false
        var exitStatus: Int32?
        var waiters: [Int: @Sendable (Recording) -> Bool] = [:]
        var nextWaiter = 0

        var recording: Recording { Recording(text: text, isReady: isReady, exitStatus: exitStatus) }
    }

    /// What a process has done so far.
    public struct Recording: Sendable {
        /// All that it wrote, without carriage returns.
        public let text: String
        /// Whether it has said so by sd_notify(3).
        public let isReady: Bool
        /// How it ended; nil while it runs.
        public let exitStatus: Int32?
    }

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - arguments: the program's full path and its arguments.
    ///   - environment: is added to this process' own.
    ///   - log: the file for what it writes.
    init(name: String, arguments: [String], environment: [String: String] = [:], log: String) throws(LabError) {
        self.name = name
        self.log = log
        state = Mutex(State())
        guard FileManager.default.createFile(atPath: log, contents: nil), let file = FileHandle(forWritingAtPath: log)
        else {
            throw LabError("cannot write \(log)")
        }
        let pipe = Pipe()
        let output = pipe.fileHandleForWriting
        do {
            child = try ChildProcess(
                arguments, environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
                output: output.fileDescriptor, errors: output.fileDescriptor)
            try output.close()
        } catch {
            throw LabError("\(name): \(error)")
        }
        let child = child
        // A thread of its own: reading waits, and must go on whatever the tasks of the test are doing.
        Thread.detachNewThread { [weak self] in
            while case let piece = pipe.fileHandleForReading.availableData, !piece.isEmpty {
                file.write(piece)
                self?.received(piece)
            }
            try? file.close()
            let status = child.wait()
            self?.ended(status)
        }
    }

    /// What the process has done so far.
    public var recording: Recording { state.withLock { $0.recording } }

    /// The process' id.
    public var id: Int32 { child.id }

    /// Waits until `found` gives a value; it is asked each time the process has written something, and at its end.
    ///
    /// - Parameters:
    ///   - what: what is waited for, for the message.
    ///   - deadline: how long to wait at most.
    /// - Throws: ``LabError`` with the last lines when the deadline passes, or the process ends, without it.
    public func wait<Value: Sendable>(
        for what: String, within deadline: Duration, _ found: @escaping @Sendable (Recording) -> Value?
    ) async throws -> Value {
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Value, LabError>.self)
        let name = name
        let number = state.withLock { state in
            let check: @Sendable (Recording) -> Bool = { recording in
                if let value = found(recording) {
                    continuation.yield(.success(value))
                } else if let status = recording.exitStatus {
                    continuation.yield(
                        .failure(LabError("\(name) ended with \(status) before \(what):\n\(recording.lastLines)")))
                } else {
                    return false
                }
                continuation.finish()
                return true
            }
            let number = state.nextWaiter
            state.nextWaiter += 1
            if !check(state.recording) { state.waiters[number] = check }
            return number
        }
        let timer = Task { [weak self] in
            try await Task.sleep(for: deadline)
            let last = self?.recording.lastLines ?? ""
            continuation.yield(.failure(LabError("\(name): no \(what) within \(deadline); the last it said:\n\(last)")))
            continuation.finish()
        }
        defer {
            timer.cancel()
            state.withLock { _ = $0.waiters.removeValue(forKey: number) }
        }
        for await result in stream { return try result.get() }
        throw CancellationError()
    }

    /// Waits until the process has written `text`.
    public func wait(forText text: String, within deadline: Duration) async throws {
        try await wait(for: "'\(text)'", within: deadline) { $0.text.contains(text) ? () : nil }
    }

    /// Waits until the process has said by sd_notify(3) that it is ready.
    public func waitUntilReady(within deadline: Duration) async throws {
        try await wait(for: "READY=1", within: deadline) { $0.isReady ? () : nil }
    }

    /// Waits for the end of the process and returns its status.
    @discardableResult
    public func waitForExit(within deadline: Duration) async throws -> Int32 {
        try await wait(for: "its end", within: deadline) { $0.exitStatus }
    }

    /// Ends the process: SIGTERM, and SIGKILL when it is still there five seconds later.
    public func stop() async {
        guard recording.exitStatus == nil else { return }
        kill(id, SIGTERM)
        if (try? await waitForExit(within: .seconds(5))) == nil {
            kill(id, SIGKILL)
            _ = try? await waitForExit(within: .seconds(5))
        }
    }

    /// Notes that the process has said that it is ready.
    func becameReady() {
        state.withLock { state in
            state.isReady = true
            state.notify()
        }
    }

    private func received(_ piece: Data) {
        let text = String(decoding: piece.filter { $0 != UInt8(ascii: "\r") && $0 != 0 }, as: UTF8.self)
        state.withLock { state in
            state.text += text
            state.notify()
        }
    }

    private func ended(_ status: Int32) {
        state.withLock { state in
            state.exitStatus = status
            state.notify()
        }
    }
}

extension LabProcess.State {
    fileprivate mutating func notify() {
        let recording = recording
        waiters = waiters.filter { !$0.value(recording) }
    }
}

extension LabProcess.Recording {
    /// The last twelve lines.
    var lastLines: String { text.split(separator: "\n").suffix(12).joined(separator: "\n") }
}

/// What went wrong in the lab.
public struct LabError: Error, Sendable, CustomStringConvertible {
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}
