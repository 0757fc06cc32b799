import Foundation
import Glibc
import Synchronization
import Workers

/// Writes lines to a descriptor on a thread of its own, so that a reader who stops reading stops nobody who logs.
///
/// What waits is bounded. When it is full the oldest lines give way, because the newest say what is happening, and the gap is
/// told by a line of its own as soon as somebody reads again.
final class LogWriter: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        /// Lines before this index have been taken.
        var first = 0
        var bytes = 0
        var dropped = 0
        var isWriting = false
    }

    /// Standard error's, for the length of the process.
    static let standardError = LogWriter(descriptor: STDERR_FILENO)

    private let descriptor: Int32
    private let capacity: Int
    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    /// Without a thread whoever logs writes.
    private let isAlone = Atomic(false)

    /// - Parameters:
    ///   - descriptor: Stays open for as long as the process runs.
    ///   - capacity: How many bytes may wait. The default is 1 MiB, some ten thousand lines.
    init(descriptor: Int32, capacity: Int = 1 << 20) {
        self.descriptor = descriptor
        self.capacity = capacity
        let thread = try? OwnThread(named: "log") { [self] in
            // A reader that went away is an error like others, and no reason to end the process.
            var pipeSignal = sigset_t()
            sigemptyset(&pipeSignal)
            sigaddset(&pipeSignal, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &pipeSignal, nil)
            while true {
                work.wait()
                writeAll()
            }
        }
        if thread == nil { isAlone.store(true, ordering: .relaxed) }
    }

    /// Hands over a line, with its line break. Never waits.
    func write(_ line: String) {
        let bytes = Array(line.utf8)
        state.withLock { state in
            state.lines.append(bytes)
            state.bytes += bytes.count
            while state.bytes > capacity, state.first < state.lines.count {
                state.bytes -= state.lines[state.first].count
                state.lines[state.first] = []
                state.first += 1
                state.dropped += 1
            }
            if state.first > 1024, state.first * 2 > state.lines.count {
                state.lines.removeFirst(state.first)
                state.first = 0
            }
        }
        if isAlone.load(ordering: .relaxed) { writeAll() } else { work.signal() }
    }

    /// Waits until everything has been written, at most for `limit`: at the end of a process, which nobody who has stopped
    /// reading may hold up.
    func flush(within limit: Duration) {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if state.withLock({ $0.first == $0.lines.count && !$0.isWriting }) { return }
            usleep(1000)
        }
    }

    private func writeAll() {
        while let next = take() {
            Self.write(next, to: descriptor)
            state.withLock { $0.isWriting = false }
        }
    }

    private func take() -> [UInt8]? {
        state.withLock { state in
            if state.dropped > 0 {
                let notice =
                    "warning lines of this log were lost, because it was not read fast enough lines=\(state.dropped)\n"
                state.dropped = 0
                state.isWriting = true
                return Array(notice.utf8)
            }
            guard state.first < state.lines.count else {
                state.lines.removeAll(keepingCapacity: state.lines.capacity <= 1024)
                state.first = 0
                return nil
            }
            let line = state.lines[state.first]
            state.lines[state.first] = []
            state.first += 1
            state.bytes -= line.count
            state.isWriting = true
            return line
        }
    }

    /// Writes what can be written. A log on a full disk, or that nobody holds open any more, loses lines and nothing else.
    private static func write(_ line: [UInt8], to descriptor: Int32) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN {
                // Somebody who shares the descriptor has made it non-blocking.
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, 1000)
                continue
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
