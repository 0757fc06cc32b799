/// The least that a transfer has to bring: what drips keeps no time limit between two chunks, and lasts for ever.
struct RateFloor {
    private let window: Duration
    private let bytes: Int
    private var elapsed = Duration.zero
    private var received = 0

    /// - Parameters:
    ///   - bytesPerSecond: The least rate.
    ///   - window: Over how long it is measured.
    init(bytesPerSecond: Int, window: Duration) {
        self.window = window
        bytes = bytesPerSecond.multipliedReportingOverflow(by: Int(clamping: window.components.seconds)).partialValue
    }

    /// Takes note of a chunk and of how long it was waited for. Time in which the receiver was busy does not count.
    ///
    /// - Returns: Whether it goes on fast enough.
    mutating func add(_ count: Int, waited: Duration) -> Bool {
        elapsed += waited
        received += count
        guard elapsed >= window else { return true }
        defer {
            elapsed = .zero
            received = 0
        }
        return received >= bytes
    }
}
