import Bytes

/// An Ethernet address, printed as six lower-case pairs with colons.
public struct MACAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 48 bits, the first octet highest.
    public let value: UInt64

    /// An address from its low 48 bits.
    public init(value: UInt64) { self.value = value & 0xffff_ffff_ffff }

    /// An address from its six octets, or nil if there are not six.
    public init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        value = octets.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// An address from "52:54:00:12:34:56", the same with dashes (as in pxelinux names and iPXE's `:hexhyp`), or twelve
    /// bare digits; either case.
    public init?(parsing text: some StringProtocol) {
        let separators = text.utf8.filter { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
        guard separators.isEmpty || (separators.count == 5 && Set(separators).count == 1 && text.utf8.count == 17)
        else {
            return nil
        }
        if let separator = separators.first {
            let pairs = text.utf8.split(separator: separator, omittingEmptySubsequences: false)
            guard pairs.allSatisfy({ $0.count == 2 }) else { return nil }
        }
        let digits = String(decoding: text.utf8.filter { !separators.contains($0) }, as: UTF8.self)
        guard let octets = [UInt8](hexadecimal: digits) else { return nil }
        self.init(octets: octets)
    }

    /// The six octets in transmission order.
    public var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: value >> (40 - 8 * $0)) } }

    public var description: String { octets.map { [$0].hexadecimal }.joined(separator: ":") }

    /// The form with dashes: pxelinux' file names, iPXE's `${mac:hexhyp}`.
    public var hyphenated: String { octets.map { [$0].hexadecimal }.joined(separator: "-") }

    public static func < (left: MACAddress, right: MACAddress) -> Bool { left.value < right.value }
}
