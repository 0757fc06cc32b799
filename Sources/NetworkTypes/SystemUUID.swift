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
    public init?(wireOrder bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        let wire = Array(bytes)
        self.bytes = wire[0..<4].reversed() + wire[4..<6].reversed() + wire[6..<8].reversed() + wire[8...]
    }

    /// A UUID from its textual form with dashes, of either case.
    public init?(parsing text: some StringProtocol) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12], let bytes = [UInt8](hexadecimal: groups.joined()) else {
            return nil
        }
        self.init(bytes: bytes)
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
