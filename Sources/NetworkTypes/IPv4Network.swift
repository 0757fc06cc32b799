/// A network of IPv4 addresses: those that begin with the same bits (RFC 4632 §3.1).
public struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
    /// Its first address, which names it.
    public let address: IPv4Address
    /// How many bits its addresses have in common, 0 to 32.
    public let prefixLength: Int

    /// Reads "10.1.0.0/16".
    ///
    /// - Throws: ``IPv4NetworkError``, also for an address that is inside the network and not its first.
    public init(parsing text: some StringProtocol) throws(IPv4NetworkError) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPv4Address(parsing: String(decoding: parts[0], as: UTF8.self)),
            (1...2).contains(parts[1].count), parts[1].count == 1 || parts[1].first != UInt8(ascii: "0"),
            parts[1].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(String(decoding: parts[1], as: UTF8.self)), length <= 32
        else {
            throw IPv4NetworkError(description: "'\(text.prefix(64))' is not a network, as in 10.1.0.0/16")
        }
        let first = IPv4Address(value: address.value & Self.mask(length))
        guard first == address else {
            throw IPv4NetworkError(
                description: "\(address) is inside a network and not its first; write \(first)/\(length)")
        }
        (self.address, prefixLength) = (address, length)
    }

    /// The network of an interface's address.
    public init(of address: IPv4Address, mask: IPv4Address) {
        prefixLength = (~mask.value).leadingZeroBitCount
        self.address = IPv4Address(value: address.value & Self.mask(prefixLength))
    }

    /// Whether an address is in it.
    public func contains(_ other: IPv4Address) -> Bool { other.value & Self.mask(prefixLength) == address.value }

    public var description: String { "\(address)/\(prefixLength)" }

    private static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : ~0 << UInt32(32 - length) }
}

/// Why a text names no network, with what would.
public struct IPv4NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}
