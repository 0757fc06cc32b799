/// A file on its way to a client, without socket, clock or content: events go in, and what to do comes out.
///
/// ```
///          start                       ACK 0                     ACK of the last block
/// request ───────▶ awaiting options ─────────▶ sending windows ─────────────────────────▶ finish
///     └────────────── (no options) ────────────▶
/// ```
///
/// Blocks are counted from 1 in 64 bits; on the wire their low 16 bits go, so that 65535 is followed by 0. The last block is
/// always shorter than the block size, and empty when the length is a multiple of it.
///
/// Blocks are sent again only when the transfer's own timer ends, never for an acknowledgement that has been seen before
/// (RFC 1123 §4.2.3.1, the Sorcerer's Apprentice). An acknowledgement in the middle of a window tells of a gap, and the next
/// window begins behind it (RFC 7440 §4).
public struct ReadTransfer: Hashable, Sendable {
    /// What the driver has to do. Whatever is sent restarts the timer; all else leaves it.
    public enum Action: Hashable, Sendable {
        /// Nothing.
        case ignore
        /// Send the OACK, and wait so long for an answer.
        case sendOptions(timeout: Duration)
        /// Send these blocks, and wait so long for an answer.
        case send(blocks: ClosedRange<UInt64>, timeout: Duration)
        /// The client has everything.
        case finish
        /// The client only wanted to see the OACK (firmware that asks for the size first): a normal end.
        case decline
        /// The transfer is over, and the client lacks a part.
        case fail(Failure)
    }

    /// Why a transfer failed.
    public enum Failure: Hashable, Sendable {
        /// The client has not answered to the last of the retransmissions.
        case noAnswer
        /// The client sent an ERROR.
        case clientError(TFTPErrorCode)
    }

    private enum Phase: Hashable, Sendable {
        /// `start()` has not been called.
        case idle
        /// The OACK is sent, and ACK 0 must follow.
        case awaitingOptions
        /// Blocks are under way.
        case sending
        /// `finish`, `decline` or `fail` has been returned.
        case ended
    }

    /// Bytes in the file.
    public let length: UInt64
    /// Bytes in a block.
    public let blockSize: Int
    /// Blocks in a window.
    public let windowSize: Int
    /// The number of the last block, which is the number of blocks.
    public let lastBlock: UInt64
    /// How many times something was sent again, over the whole transfer.
    public private(set) var retransmissions = 0
    /// The last block of those that have arrived in order.
    public private(set) var acknowledged: UInt64 = 0

    private let retry: RetryPolicy
    private let sendsOptions: Bool
    private var phase = Phase.idle
    private var sent: UInt64 = 0
    // Retransmissions since the client last moved on.
    private var attempt = 0
    // What the client asked for as the time between transmissions. It counts from its first answer on: before that, the
    // request's sender may be forged, and whoever forges must not choose how long a transfer is kept.
    private let granted: Duration?
    private let first: Duration

    /// A transfer of `length` bytes on the terms of `negotiation`.
    public init(length: UInt64, negotiation: Negotiation, retry: RetryPolicy = RetryPolicy()) {
        self.length = length
        blockSize = negotiation.blockSize
        windowSize = negotiation.windowSize
        lastBlock = length / UInt64(negotiation.blockSize) + 1
        sendsOptions = !negotiation.accepted.isEmpty
        self.retry = retry
        first = retry.timeout(afterAttempt: 0)
        granted = negotiation.timeout.map { .seconds($0) }
    }

    /// Whether the client has answered at all.
    public var hasBegun: Bool {
        switch phase {
        case .idle, .awaitingOptions: false
        case .sending: sendsOptions || acknowledged > 0
        case .ended: true
        }
    }

    /// Begins: the OACK if options were accepted, else the first block.
    public mutating func start() -> Action {
        guard phase == .idle else { return .ignore }
        phase = sendsOptions ? .awaitingOptions : .sending
        return transmission()
    }

    /// The request came again, before anything else: the first answer may be lost. Once for each such request, so that
    /// nothing is amplified.
    public mutating func requestRepeated() -> Action {
        guard phase != .idle, !hasBegun else { return .ignore }
        return transmission()
    }

    /// What was to be sent could not leave for want of room, and now it can: the same once more, which is no retransmission.
    public mutating func roomReturned() -> Action {
        guard phase == .awaitingOptions || phase == .sending else { return .ignore }
        return transmission()
    }

    /// An ACK came.
    public mutating func acknowledged(_ block: UInt16) -> Action {
        switch phase {
        case .awaitingOptions:
            guard block == 0 else { return .ignore }
            phase = .sending
        case .sending:
            // The distance decides: zero is a duplicate, and more than what is under way is an older one or a lie.
            let advance = UInt64(block &- UInt16(truncatingIfNeeded: acknowledged))
            guard advance > 0, advance <= sent - acknowledged else { return .ignore }
            acknowledged += advance
        case .idle, .ended: return .ignore
        }
        attempt = 0
        guard acknowledged < lastBlock else {
            phase = .ended
            return .finish
        }
        return transmission()
    }

    /// The timer of the last transmission ended.
    public mutating func timedOut() -> Action {
        guard phase == .awaitingOptions || phase == .sending else { return .ignore }
        guard attempt < retry.limit else {
            phase = .ended
            return .fail(.noAnswer)
        }
        attempt += 1
        retransmissions += 1
        return transmission()
    }

    /// The client sent an ERROR. Codes 0 and 8 in place of ACK 0 are how firmware ends its look at `tsize`.
    public mutating func received(_ error: TFTPErrorCode) -> Action {
        guard phase == .awaitingOptions || phase == .sending else { return .ignore }
        let probed = phase == .awaitingOptions && (error == .optionNegotiation || error == .undefined)
        phase = .ended
        return probed ? .decline : .fail(.clientError(error))
    }

    /// Which bytes of the file `blocks` carry; an empty range for the empty last block.
    public func bytes(of blocks: ClosedRange<UInt64>) -> Range<UInt64> {
        let size = UInt64(blockSize)
        let first = min(max(blocks.lowerBound, 1), lastBlock) - 1
        let last = min(max(blocks.upperBound, 1), lastBlock)
        // The product with `last` can pass the length, and for absurd lengths the number range; that with `first` cannot.
        let (end, overflow) = last.multipliedReportingOverflow(by: size)
        return (first * size)..<(overflow ? length : min(end, length))
    }

    private mutating func transmission() -> Action {
        let timeout: Duration
        if let granted, hasBegun {
            timeout = granted
        } else {
            timeout = attempt == 0 ? first : retry.timeout(afterAttempt: attempt)
        }
        if phase == .awaitingOptions { return .sendOptions(timeout: timeout) }
        let end = min(UInt64(windowSize), lastBlock - acknowledged) + acknowledged
        sent = max(sent, end)
        return .send(blocks: (acknowledged + 1)...end, timeout: timeout)
    }
}

/// How often and how patiently a transfer sends again.
public struct RetryPolicy: Hashable, Sendable {
    /// The time between transmissions.
    public enum Interval: Hashable, Sendable {
        /// One, two, three… times so many milliseconds.
        case growing(milliseconds: Int)
    }

    /// The time between transmissions. The default is 1 s, 2 s, 3 s…
    public var interval: Interval
    /// How many retransmissions without an answer are made. The default is 5, because a request's sender may be forged.
    public var limit: Int

    /// A policy.
    public init(interval: Interval = .growing(milliseconds: 1000), limit: Int = 5) {
        self.interval = interval
        self.limit = limit
    }

    func timeout(afterAttempt attempt: Int) -> Duration {
        switch interval {
        case .growing(let milliseconds): .milliseconds(milliseconds) * (attempt + 1)
        }
    }
}
