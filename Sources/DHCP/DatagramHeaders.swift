import Bytes
import NetworkTypes

/// IPv4's and UDP's headers for a datagram that a raw socket sends, from a port that somebody else may hold (RFC 791, RFC 768).
public enum DatagramHeaders {
    /// How many bytes they are.
    public static let size = ipv4Size + udpSize

    static let ipv4Size = 20
    static let udpSize = 8
    static let udpProtocol: UInt8 = 17
    private static let longestPayload = Int(UInt16.max) - size

    /// The headers of a payload; nil if it is longer than a datagram can be. The kernel fills in IPv4's length, identification
    /// and sum (raw(7)).
    public static func bytes(
        from source: SocketEndpoint, to destination: SocketEndpoint, payload: [UInt8]
    ) -> [UInt8]? {
        guard payload.count <= longestPayload else { return nil }
        let extent = udpSize + payload.count
        var headers = ByteWriter(capacity: size)
        headers.append(0x45)
        headers.zeros(7)
        headers.append(64)
        headers.append(udpProtocol)
        headers.zeros(2)
        headers.bigEndian(source.address.value)
        headers.bigEndian(destination.address.value)
        var sum = InternetChecksum()
        sum.addPseudoHeader(from: source.address, to: destination.address, length: extent)
        for word in [source.port, destination.port, UInt16(truncatingIfNeeded: extent)] {
            headers.bigEndian(word)
            sum.add(word)
        }
        sum.add(payload.span)
        // Zero would say that there is no sum (RFC 768).
        headers.bigEndian(sum.folded == 0xffff ? UInt16(0xffff) : ~sum.folded)
        return headers.bytes
    }
}

/// The one's complement sum of 16-bit words (RFC 1071).
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds a word.
    mutating func add(_ word: UInt16) { sum &+= UInt64(word) }

    /// Adds a run of bytes; an odd last byte counts as if a zero followed.
    mutating func add(_ bytes: Span<UInt8>) {
        var index = 0
        while index + 1 < bytes.count {
            sum &+= UInt64(bytes[index]) << 8 | UInt64(bytes[index + 1])
            index += 2
        }
        if index < bytes.count { sum &+= UInt64(bytes[index]) << 8 }
    }

    /// Adds what UDP's sum covers of the IPv4 header.
    mutating func addPseudoHeader(from source: IPv4Address, to destination: IPv4Address, length: Int) {
        for address in [source.value, destination.value] { sum &+= UInt64(address >> 16) &+ UInt64(address & 0xffff) }
        sum &+= UInt64(DatagramHeaders.udpProtocol) &+ UInt64(truncatingIfNeeded: length)
    }

    /// The sum with its carries added in, not complemented.
    var folded: UInt16 {
        var value = sum
        while value > 0xffff { value = (value & 0xffff) + (value >> 16) }
        return UInt16(truncatingIfNeeded: value)
    }
}
