import Bytes

/// A machine's SMBIOS UUID, in the order in which people and iPXE's `${uuid}` write it.
public struct SystemUUID: Hashable, Sendable, CustomStringConvertible {
    /// The bytes in the order of the text, the first highest: two numbers, which need no memory of their own where every message
    /// has one.
    private let high: UInt64
    private let low: UInt64

    private init(_ high: UInt64, _ low: UInt64) { (self.high, self.low) = (high, low) }

    /// A UUID from its 16 bytes in textual order, or nil if there are not 16.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for byte in bytes { (high, low) = (high << 8 | low >> 56, low << 8 | UInt64(byte)) }
        self.init(high, low)
    }

    /// A UUID from DHCP option 97, which carries the first three fields least significant byte first (SMBIOS order;
    /// RFC 4578 §2.3).
    public init?(wireOrder bytes: ArraySlice<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for byte in bytes { (high, low) = (high << 8 | low >> 56, low << 8 | UInt64(byte)) }
        self = SystemUUID(high, low).byteSwapped
    }

    /// A UUID from its textual form with dashes, of either case.
    public init?(parsing text: some StringProtocol) {
        guard
            let (high, low) = text.utf8.withContiguousStorageIfAvailable(Self.words(in:))
                ?? Array(text.utf8).withUnsafeBufferPointer(Self.words(in:))
        else { return nil }
        self.init(high, low)
    }

    /// What 36 characters spell, if they are hexadecimal digits with dashes behind the 8th, 12th, 16th and 20th.
    private static func words(in text: UnsafeBufferPointer<UInt8>) -> (high: UInt64, low: UInt64)? {
        guard text.count == 36 else { return nil }
        var (high, low): (UInt64, UInt64) = (0, 0)
        for (position, character) in text.enumerated() {
            switch position {
            case 8, 13, 18, 23:
                guard character == UInt8(ascii: "-") else { return nil }
            default:
                guard let digit = character.hexadecimalDigit else { return nil }
                (high, low) = (high << 4 | low >> 60, low << 4 | UInt64(digit))
            }
        }
        return (high, low)
    }

    /// The 16 bytes in the order of the text.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) } }
    }

    /// The 16 bytes as DHCP option 97 carries them.
    public var wireOrder: [UInt8] { byteSwapped.bytes }

    /// The same with the first three fields in the other byte order. Firmware of before SMBIOS 2.6 sends its bytes as they
    /// stand, so that what option 97 makes of them is this.
    public var byteSwapped: SystemUUID {
        let first = UInt64(UInt32(truncatingIfNeeded: high >> 32).byteSwapped)
        let second = UInt64(UInt16(truncatingIfNeeded: high >> 16).byteSwapped)
        let third = UInt64(UInt16(truncatingIfNeeded: high).byteSwapped)
        return SystemUUID(first << 32 | second << 16 | third, low)
    }

    public var description: String {
        let bytes = bytes
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { bytes[$0].hexadecimal }.joined(separator: "-")
    }

    /// Whether firmware plainly did not know it: all zeros or all ones.
    public var isPlaceholder: Bool { (high == 0 && low == 0) || (high == .max && low == .max) }
}
