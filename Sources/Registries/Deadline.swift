import NIOCore

/// When an operation has to be over, on a clock that nobody sets.
struct Deadline: Sendable {
    private let instant: ContinuousClock.Instant
    private let limit: Duration

    init(in limit: Duration) {
        instant = .now + limit
        self.limit = limit
    }

    /// How much time is left; negative when it is over.
    var left: Duration { ContinuousClock.now.duration(to: instant) }

    /// - Throws: `RegistryError`, when it is over.
    func check(_ request: String) throws(RegistryError) {
        guard left > .zero else {
            throw RegistryError(
                .timedOut, "\(request) takes longer than the \(limit.components.seconds) s it may take in all")
        }
    }

    /// The nearer one of this and so much time from now.
    func nearer(_ time: Duration) -> NIODeadline { .now() + .nanoseconds(min(left, time).nanosecondsClamped) }
}

extension Duration {
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (product, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isOver else { return seconds < 0 ? .min / 4 : .max / 4 }
        return max(.min / 4, min(.max / 4, product)) + attoseconds / 1_000_000_000
    }
}
