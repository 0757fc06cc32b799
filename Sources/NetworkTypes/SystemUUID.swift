import Bytes

/// A machine's SMBIOS UUID, in the order in which people and iPXE's `${uuid}` write it.
public struct SystemUUID: Hashable, Sendable, CustomStringConvertible {
    /// The 16 bytes in the order of the text.
    public let bytes: [UInt8]

    /// A UUID from its 16 bytes in textual order, or nil if there are not 16.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.bytes = Array(bytes)
    }

    /// A UUID from DHCP option 97, which carries the first three fields least significant byte first (SMBIOS order;
    /// RFC 4578 §2.3).
    public init?(wireOrder bytes: ArraySlice<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var bytes = Array(bytes)
        bytes.swapAt(0, 3)
        bytes.swapAt(1, 2)
        bytes.swapAt(4, 5)
        bytes.swapAt(6, 7)
        self.bytes = bytes
    }

    /// A UUID from its textual form with dashes, of either case.
    public init?(parsing text: some StringProtocol) {
        guard
            let bytes = text.utf8.withContiguousStorageIfAvailable(Self.octets(in:))
                ?? Array(text.utf8).withUnsafeBufferPointer(Self.octets(in:))
        else { return nil }
        self.bytes = bytes
    }

    /// What 36 characters spell, if they are hexadecimal digits with dashes behind the 8th, 12th, 16th and 20th.
    private static func octets(in text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count == 36 else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(16)
        var position = 0
        while position < 36 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard text[position] == UInt8(ascii: "-") else { return nil }
                position += 1
            }
            guard let high = text[position].hexadecimalDigit, let low = text[position + 1].hexadecimalDigit else {
                return nil
            }
            octets.append(high << 4 | low)
            position += 2
        }
        return octets
    }

    /// The 16 bytes as DHCP option 97 carries them.
    public var wireOrder: [UInt8] {
        bytes[0..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...]
    }

    /// The same with the first three fields in the other byte order. Firmware of before SMBIOS 2.6 sends its bytes as they
    /// stand, so that what option 97 makes of them is this.
    public var byteSwapped: SystemUUID { SystemUUID(ordered: wireOrder) }

    private init(ordered bytes: [UInt8]) { self.bytes = bytes }

    public var description: String {
        [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { bytes[$0].hexadecimal }.joined(separator: "-")
    }

    /// Whether firmware plainly did not know it: all zeros or all ones.
    public var isPlaceholder: Bool { bytes.allSatisfy { $0 == 0 } || bytes.allSatisfy { $0 == 0xff } }
}
