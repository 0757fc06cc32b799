/// What a server grants to a client at most.
public struct TransferLimits: Hashable, Sendable {
    /// The largest block in bytes. The default is 1468, which fits an Ethernet frame: the MTU less 20 bytes of IP, 8 of UDP
    /// and 4 of TFTP. Fragments die in many ROMs.
    public var maximumBlockSize: Int
    /// The most blocks that are under way at once (RFC 7440). The default is 32.
    public var maximumWindowSize: Int
    /// The longest retransmission interval that a client may ask for, in seconds. The default is 30.
    public var maximumTimeout: Int

    /// Limits.
    public init(maximumBlockSize: Int = 1468, maximumWindowSize: Int = 32, maximumTimeout: Int = 30) {
        self.maximumBlockSize = maximumBlockSize
        self.maximumWindowSize = maximumWindowSize
        self.maximumTimeout = maximumTimeout
    }
}

/// The terms of one transfer, agreed by the request's options and the server's limits.
public struct Negotiation: Hashable, Sendable {
    /// Bytes in a block: 512 unless asked otherwise.
    public private(set) var blockSize = 512
    /// Blocks in a window: 1, the lock-step of RFC 1350, unless asked otherwise.
    public private(set) var windowSize = 1
    /// The retransmission interval in seconds that the client asked for.
    public private(set) var timeout: Int?
    /// What goes into the OACK, in the request's order; empty when there is none to send.
    public private(set) var accepted: [TransferOption] = []

    /// Answers `options`, for a file of `length` bytes.
    ///
    /// Names are echoed in the client's own spelling. A value is never raised above what was asked, and an option that is
    /// unknown, malformed or out of its range is left out, which means refused (RFC 2347). Of an option that comes twice,
    /// the first counts.
    public init(of options: [TransferOption], length: UInt64, limits: TransferLimits = TransferLimits()) {
        var seen: Set<TransferOption.Known> = []
        for option in options {
            guard let known = option.known, seen.insert(known).inserted, let number = option.number else { continue }
            switch known {
            case .blockSize:  // RFC 2348: 8 to 65464
                guard number >= 8 else { continue }
                blockSize = Int(clamping: number)
                blockSize = min(blockSize, TFTPPacket.largestBlock, max(8, limits.maximumBlockSize))
                accepted.append(TransferOption(option.name, String(blockSize)))
            case .transferSize:  // RFC 2349: asked with 0
                accepted.append(TransferOption(option.name, String(length)))
            case .timeout:  // RFC 2349: 1 to 255 seconds; must be echoed unchanged
                guard (1...255).contains(number), number <= UInt64(clamping: limits.maximumTimeout) else { continue }
                timeout = Int(number)
                accepted.append(TransferOption(option.name, String(number)))
            case .windowSize:  // RFC 7440: 1 to 65535
                guard (1...65535).contains(number) else { continue }
                windowSize = min(Int(number), max(1, limits.maximumWindowSize))
                accepted.append(TransferOption(option.name, String(windowSize)))
            }
        }
    }
}
