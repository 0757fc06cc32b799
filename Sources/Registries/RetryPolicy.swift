/// How often and how soon something is tried again.
struct RetryPolicy: Hashable, Sendable {
    /// How many times in all.
    var attempts: Int
    /// The wait after the first failure; it doubles with each further one.
    var firstWait: Duration
    /// The longest wait between two attempts, also where a registry asks for one.
    var longestWait: Duration

    /// No wait that a registry asked for is shorter: some ask for microseconds, of everybody at once.
    static let floor = Duration.milliseconds(100)

    /// How long to wait after so many failures; nil if that was all.
    ///
    /// - Parameter jitter: A random number from 0 to 1, which keeps clients apart that have failed together.
    func wait(afterFailures failures: Int, _ error: RegistryError, jitter: Double) -> Duration? {
        guard error.isTransient, failures < attempts else { return nil }
        let doublings = min(max(0, failures - 1), 16)
        let own = min(firstWait * (1 << doublings), longestWait)
        guard let asked = error.retryAfter else { return own * (0.5 + jitter / 2) }
        guard asked <= longestWait else { return nil }
        // Never sooner than asked.
        return max(asked, Self.floor) + min(own, .seconds(1)) * (jitter / 2)
    }
}

extension RegistryError {
    /// Whether the same request may succeed a little later.
    public var isTransient: Bool {
        switch code {
        case .unreachable, .timedOut, .rateLimited, .unavailable, .brokenAnswer: true
        default: false
        }
    }
}
