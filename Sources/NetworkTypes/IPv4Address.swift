/// An IPv4 address.
public struct IPv4Address: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 32 bits, the first octet highest.
    public let value: UInt32

    /// An address from its 32 bits.
    public init(value: UInt32) { self.value = value }

    /// An address from its four octets, or nil if there are not four.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 4 else { return nil }
        value = octets.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// An address from dotted decimal, without leading zeros.
    public init?(parsing text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0"),
                part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            let number = part.reduce(UInt32(0)) { $0 * 10 + UInt32($1 - UInt8(ascii: "0")) }
            guard number < 256 else { return nil }
            value = value << 8 | number
        }
        self.value = value
    }

    /// 0.0.0.0
    public static let any = IPv4Address(value: 0)
    /// 255.255.255.255, which never leaves its link.
    public static let broadcast = IPv4Address(value: .max)
    /// 127.0.0.1
    public static let loopback = IPv4Address(value: 0x7f00_0001)

    /// The four octets in transmission order.
    public var octets: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

    public var description: String { octets.map(String.init).joined(separator: ".") }

    public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.value < right.value }
}

/// An address and port of UDP or TCP.
public struct SocketEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The address.
    public var address: IPv4Address
    /// The port.
    public var port: UInt16

    /// An endpoint.
    public init(address: IPv4Address, port: UInt16) {
        self.address = address
        self.port = port
    }

    public var description: String { "\(address):\(port)" }
}
