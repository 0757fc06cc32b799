import Synchronization

/// How many lines a log gets: whoever can send packets can cause them, without end. What was left out is counted.
final class LogBudget: Sendable {
    private struct State {
        var left: Double
        var filled: ContinuousClock.Instant
        var omitted: UInt64 = 0
    }

    private let state: Mutex<State>
    private let burst: Double
    private let perSecond: Double

    /// A budget. A whole rack that boots at once fits into the default's burst.
    init(burst: Double = 1000, perSecond: Double = 20, now: ContinuousClock.Instant = .now) {
        self.burst = burst
        self.perSecond = perSecond
        state = Mutex(State(left: burst, filled: now))
    }

    /// Takes a line: how many were left out before it, or nil if this one is to be left out too.
    func take(at now: ContinuousClock.Instant = .now) -> UInt64? {
        state.withLock { state in
            state.left = min(burst, state.left + max(0, (now - state.filled) / .seconds(1)) * perSecond)
            state.filled = now
            guard state.left >= 1 else {
                state.omitted += 1
                return nil
            }
            state.left -= 1
            defer { state.omitted = 0 }
            return state.omitted
        }
    }
}
