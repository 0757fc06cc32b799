import NetworkTypes

/// How far an address reaches. A name reaches as far as any address, for nobody has looked it up yet.
public enum AddressClass: Int, Hashable, Sendable, Comparable {
    /// Everywhere, as far as can be told.
    case global
    /// One organisation: RFC 1918, RFC 4193, and RFC 6598, which carriers use likewise.
    case site
    /// One link: RFC 3927, RFC 4291 §2.5.6. Clouds answer there with their machines' secrets.
    case link
    /// This host, or no host at all.
    case loopback

    /// The class of a host.
    public init(_ host: Host) {
        guard let octets = host.octets else {
            guard case .name(let name) = host else {
                self = .global
                return
            }
            self = Self.isLocal(name) ? .loopback : .global
            return
        }
        self = octets.count == 4 ? Self.ofIPv4(octets) : Self.ofIPv6(octets)
    }

    public static func < (left: AddressClass, right: AddressClass) -> Bool { left.rawValue < right.rawValue }

    /// RFC 6761 §6.3 keeps these names for the host itself.
    private static func isLocal(_ name: String) -> Bool {
        var name = name.lowercased()
        if name.utf8.last == UInt8(ascii: ".") { name.removeLast() }
        return name == "localhost" || name.utf8.count > 10 && name.hasSuffix(".localhost")
    }

    private static func ofIPv4(_ octets: [UInt8]) -> AddressClass {
        switch (octets[0], octets[1]) {
        case (0, _), (127, _), (255, _): .loopback
        case (169, 254): .link
        case (10, _), (172, 16...31), (192, 168), (100, 64...127): .site
        default: .global
        }
    }

    private static func ofIPv6(_ octets: [UInt8]) -> AddressClass {
        if octets[..<15].allSatisfy({ $0 == 0 }) { return .loopback }
        // The translators of RFC 6052 lead to an IPv4 address, and so does RFC 4291's compatible form.
        if octets.starts(with: [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]) || octets[..<12].allSatisfy({ $0 == 0 }) {
            return ofIPv4(Array(octets[12...]))
        }
        if octets[0] == 0xFE, octets[1] & 0xC0 == 0x80 { return .link }
        if octets[0] & 0xFE == 0xFC { return .site }
        return .global
    }
}
