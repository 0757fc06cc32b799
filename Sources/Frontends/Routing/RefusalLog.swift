import Logging
import NIOCore
import Synchronization

/// Keeps refusals from filling the log: of each client a few lines in a while are written, of all together some more, and what
/// was left out is told by its number when the while is over.
final class RefusalLog: Sendable {
    /// How much is written.
    struct Limits: Sendable {
        /// Lines of one client in a window.
        var perClient = 5
        /// Lines of all clients in a window.
        var total = 200
        /// The window.
        var window = TimeAmount.seconds(10)
    }

    private struct Slot {
        var start = NIODeadline.distantPast
        var lines = 0
        var leftOut = 0
    }

    private struct State {
        /// By a hash of the client, so that there are always as many; two clients that share one share its lines.
        var slots: [Slot]
        var all = Slot()
    }

    private enum Verdict { case write, leaveOut, leaveOutFirst }

    private let limits: Limits
    private let state: Mutex<State>

    /// A log that has told nothing yet.
    init(limits: Limits = Limits()) {
        self.limits = limits
        state = Mutex(State(slots: Array(repeating: Slot(), count: 1024)))
    }

    /// Logs a refusal of a connection's client, or counts it.
    func log(
        _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata, of channel: any Channel,
        to logger: Logger
    ) {
        guard level >= logger.logLevel else { return }
        let number = Int(UInt(bitPattern: ClientKey(channel.remoteAddress).hashValue) % 1024)
        switch verdict(on: number) {
        case .write: logger.log(level: level, message, metadata: metadata)
        case .leaveOut: break
        case .leaveOutFirst:
            let client = channel.remoteAddress?.ipAddress ?? "unknown"
            channel.eventLoop.scheduleTask(in: limits.window) { [self] in
                let leftOut = state.withLock { state -> Int in
                    defer { state.slots[number].leftOut = 0 }
                    return state.slots[number].leftOut
                }
                logger.log(
                    level: level, "refusals were left out of the log",
                    metadata: ["client": "\(client)", "count": "\(leftOut)"])
            }
        }
    }

    private func verdict(on number: Int) -> Verdict {
        let now = NIODeadline.now()
        return state.withLock { state in
            if now - state.all.start > limits.window { (state.all.start, state.all.lines) = (now, 0) }
            if now - state.slots[number].start > limits.window {
                (state.slots[number].start, state.slots[number].lines) = (now, 0)
            }
            if state.slots[number].lines < limits.perClient, state.all.lines < limits.total {
                state.slots[number].lines += 1
                state.all.lines += 1
                return .write
            }
            state.slots[number].leftOut += 1
            return state.slots[number].leftOut == 1 ? .leaveOutFirst : .leaveOut
        }
    }
}
