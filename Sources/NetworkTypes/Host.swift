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

    private static func isIPv6(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "%"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count == 1 || isLink(parts[1]),
            first.allSatisfy({ $0.hexadecimalDigit != nil || ".:".utf8.contains($0) })
        else { return false }
        var address = in6_addr()
        return inet_pton(AF_INET6, String(decoding: first, as: UTF8.self), &address) == 1
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

    private init(host: Host) { self.host = host }

    /// Reads "10.77.0.2", "::" or "boot.example".
    ///
    /// - Throws: ``AddressError``, which says what else is in it.
    public init(parsing text: String) throws(AddressError) {
        if let host = Host(parsing: text) {
            self.init(host: host)
            return
        }
        let example = "write an address of this host, as in 10.77.0.2, or 0.0.0.0 for all of them"
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
