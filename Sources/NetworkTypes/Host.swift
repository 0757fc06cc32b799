import Bytes
import Glibc

/// What the host of a URL or of a socket may be (RFC 3986 §3.2.2): an address, or a name of DNS.
public enum Host: Hashable, Sendable, CustomStringConvertible {
    /// An IPv4 address.
    case ipv4(IPv4Address)
    /// An IPv6 address as it was written, without brackets; for a link's own address perhaps with the link, as in `fe80::1%eth0`.
    case ipv6(String)
    /// A name: labels of letters, digits, `-` and `_` with dots between them (RFC 1123 §2.1).
    case name(String)

    /// Reads an address or a name, without brackets.
    ///
    /// A text that ends in a number is an IPv4 address in full or nothing: what resolvers make of `10.1` or `010.0.0.1` is not what
    /// it looks like.
    public init?(parsing text: some StringProtocol) {
        let text = String(text)
        if let address = IPv4Address(parsing: text) {
            self = .ipv4(address)
        } else if text.utf8.contains(UInt8(ascii: ":")) {
            guard Self.isIPv6(text) else { return nil }
            self = .ipv6(text)
        } else {
            guard Self.isName(text) else { return nil }
            self = .name(text)
        }
    }

    /// As it was written.
    public var description: String {
        switch self {
        case .ipv4(let address): address.description
        case .ipv6(let text), .name(let text): text
        }
    }

    /// Why it is no host's own address, as a sentence that names it; nil if it may be one's.
    public var obstacle: String? {
        if isUnspecified { return "\(self) stands for every address of a host, and is that of none" }
        return obstacleToListening
    }

    /// Why no host can listen on it, as a sentence that names it; nil if one may. All addresses of a host at once are one.
    var obstacleToListening: String? {
        switch address {
        case .ipv4(let address)? where address == .broadcast:
            "\(self) is the broadcast address, which is no host's own"
        case .ipv4(let address)? where address.value >> 28 == 0xE: "\(self) is the address of a group and not of a host"
        case .ipv6(let octets)? where octets.first == 0xFF: "\(self) is the address of a group and not of a host"
        default: nil
        }
    }

    /// The octets of the address, the first one highest: 4 of IPv4, also where it was written as one of IPv6 (RFC 4291 §2.5.5.2),
    /// and 16 of IPv6. Nil for a name.
    public var octets: [UInt8]? {
        switch address {
        case .ipv4(let address)?: address.octets
        case .ipv6(let octets)?: octets
        case nil: nil
        }
    }

    /// Whether it is 0.0.0.0 or :: (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2).
    private var isUnspecified: Bool {
        switch address {
        case .ipv4(let address)?: address == .any
        case .ipv6(let octets)?: octets.allSatisfy { $0 == 0 }
        case nil: false
        }
    }

    /// An address by its bits; that of IPv4 also where it was written as one of IPv6 (RFC 4291 §2.5.5.2).
    private enum Address {
        case ipv4(IPv4Address)
        case ipv6([UInt8])
    }

    private var address: Address? {
        switch self {
        case .ipv4(let address): return .ipv4(address)
        case .ipv6(let text):
            guard let octets = Self.octets(ofIPv6: text.utf8.prefix { $0 != UInt8(ascii: "%") }) else { return nil }
            let isMapped = octets[..<10].allSatisfy { $0 == 0 } && octets[10] == 0xFF && octets[11] == 0xFF
            return isMapped ? IPv4Address(octets: octets[12...]).map(Address.ipv4) : .ipv6(octets)
        case .name: return nil
        }
    }

    private static func octets(ofIPv6 text: Substring.UTF8View) -> [UInt8]? {
        var address = in6_addr()
        guard inet_pton(AF_INET6, String(decoding: text, as: UTF8.self), &address) == 1 else { return nil }
        return withUnsafeBytes(of: address) { Array($0) }
    }

    private static func isIPv6(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "%"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count == 1 || isLink(parts[1]),
            first.allSatisfy({ $0.hexadecimalDigit != nil || ".:".utf8.contains($0) })
        else { return false }
        return octets(ofIPv6: first) != nil
    }

    /// Whether an interface may have this name, which the kernel keeps in 16 bytes with a zero at the end.
    private static func isLink(_ name: Substring.UTF8View) -> Bool {
        (1...15).contains(name.count) && name.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") }
    }

    private static func isName(_ text: String) -> Bool {
        var labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // A dot at the end says that the name is complete.
        if labels.count > 1, labels.last?.isEmpty == true { labels.removeLast() }
        guard text.utf8.count <= 254, let last = labels.last, !last.allSatisfy(isDigit) else { return false }
        // `0x7f000001` is an address to resolvers, too.
        if last.starts(with: "0x".utf8) || last.starts(with: "0X".utf8) { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    isDigit($0) || isLetter($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                }
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

/// The address on which a server listens: one of this host's, or a name that stands for one. The port is a setting of its own.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address or name.
    public let host: Host

    /// 0.0.0.0, which is every address of IPv4.
    public static let any = ListenAddress(host: .ipv4(.any))

    /// 127.0.0.1.
    public static let loopback = ListenAddress(host: .ipv4(.loopback))

    private init(host: Host) { self.host = host }

    /// Reads "10.77.0.2", "::" or "boot.example".
    ///
    /// - Throws: ``AddressError``, which says what else is in it.
    public init(parsing text: String) throws(AddressError) {
        let example = "write an address of this host, as in 10.77.0.2, or 0.0.0.0 for all of them"
        if let host = Host(parsing: text) {
            if let obstacle = host.obstacleToListening { throw AddressError("\(obstacle); \(example)") }
            self.init(host: host)
            return
        }
        if text.isEmpty { throw AddressError("it is empty; \(example)") }
        if text.utf8.contains(UInt8(ascii: "/")) { throw AddressError("it is no address; \(example)") }
        if text.utf8.first == UInt8(ascii: "[") {
            throw AddressError("brackets belong into URLs; write an IPv6 address without them and without a port")
        }
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        if parts.count == 2, Host(parsing: String(decoding: parts[0], as: UTF8.self)) != nil {
            throw AddressError("it has a port; give the port by itself, with --http-port")
        }
        throw AddressError("it is neither an address nor a host name; \(example)")
    }

    public var description: String { host.description }
}

/// Why a text is no address or URL, with what would be one.
public struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
