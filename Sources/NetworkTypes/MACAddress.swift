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

    /// An address as people and tools write it: "52:54:00:12:34:56", the same with dashes (as in pxelinux names and iPXE's
    /// `:hexhyp`), "5254.0012.3456" as switches print it, or twelve bare digits; either case.
    public init?(parsing text: some StringProtocol) {
        guard
            let value = text.utf8.withContiguousStorageIfAvailable(Self.value(of:))
                ?? Array(text.utf8).withUnsafeBufferPointer(Self.value(of:))
        else { return nil }
        self.value = value
    }

    private static func value(of text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var digits = 0
        var separator: UInt8?
        var separators = 0
        for byte in text {
            if let digit = byte.hexadecimalDigit {
                guard digits < 12 else { return nil }
                (value, digits) = (value << 4 | UInt64(digit), digits + 1)
            } else {
                guard byte == separator ?? byte, let group = Self.digits(between: byte) else { return nil }
                separators += 1
                guard digits == group * separators else { return nil }
                separator = byte
            }
        }
        guard digits == 12, separators == separator.flatMap(Self.digits(between:)).map({ 12 / $0 - 1 }) ?? 0 else {
            return nil
        }
        return value
    }

    /// How many digits stand between two of these separators; nil for a byte that separates nothing.
    public static func digits(between separator: UInt8) -> Int? {
        switch separator {
        case UInt8(ascii: ":"), UInt8(ascii: "-"): 2
        case UInt8(ascii: "."): 4
        default: nil
        }
    }

    /// Why it is no machine's own address, as a sentence; nil if it may be one's.
    ///
    /// The lowest bit of the first octet makes an address that of a group (IEEE 802, the I/G bit), the broadcast address among
    /// them, and no frame is ever sent from one.
    public var obstacle: String? {
        if value == 0 { return "it is all zeros, which is no machine's address" }
        if value == 0xffff_ffff_ffff { return "it is the broadcast address, which is no machine's own" }
        guard value >> 40 & 1 == 1 else { return nil }
        return "it is the address of a group and not of a machine: its first pair is odd"
    }

    /// The six octets in transmission order.
    public var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: value >> (40 - 8 * $0)) } }

    public var description: String { text(separator: UInt8(ascii: ":")) }

    /// The form with dashes: pxelinux' file names, iPXE's `${mac:hexhyp}`.
    public var hyphenated: String { text(separator: UInt8(ascii: "-")) }

    private func text(separator: UInt8) -> String {
        String(unsafeUninitializedCapacity: 17) { text in
            for index in 0..<17 {
                let nibble = UInt8(truncatingIfNeeded: value >> UInt64(44 - 4 * (index - index / 3))) & 15
                let digit = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
                text.initializeElement(at: index, to: index % 3 == 2 ? separator : digit)
            }
            return 17
        }
    }

    public static func < (left: MACAddress, right: MACAddress) -> Bool { left.value < right.value }
}
