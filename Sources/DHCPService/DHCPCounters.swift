import Netboot

/// What the service has done so far.
public struct DHCPCounters: Hashable, Sendable {
    /// Messages that came in.
    public var received: UInt64 = 0
    /// Messages that were answered.
    public var answered: UInt64 = 0
    /// Messages that were not answered, by reason.
    public var ignored: [Silence.Label: UInt64] = [:]
    /// Messages that could not be read.
    public var malformed: UInt64 = 0
    /// Messages by an interface that has no address to answer from.
    public var unaddressed: UInt64 = 0
    /// Answers that could not be sent.
    public var unsent: UInt64 = 0

    /// Nothing done.
    public init() {}

    mutating func add(_ other: DHCPCounters) {
        received &+= other.received
        answered &+= other.answered
        malformed &+= other.malformed
        unaddressed &+= other.unaddressed
        unsent &+= other.unsent
        if !other.ignored.isEmpty { ignored.merge(other.ignored, uniquingKeysWith: &+) }
    }
}
