import Bytes
import NetworkTypes

/// A UDP datagram with the IPv4 and Ethernet headers around it (RFC 768, RFC 791, RFC 894).
///
/// It reads what captures of firmware hold, and is what the service's own reading of packets is held against.
public struct DatagramFrame: Hashable, Sendable {
    /// Where the frame goes.
    public var destinationMAC: MACAddress
    /// Whose frame it is.
    public var sourceMAC: MACAddress
    /// Where the datagram comes from.
    public var source: SocketEndpoint
    /// Where the datagram goes.
    public var destination: SocketEndpoint
    /// What is in it.
    public var payload: ArraySlice<UInt8>

    /// A frame around a payload.
    public init(
        destinationMAC: MACAddress, sourceMAC: MACAddress, source: SocketEndpoint, destination: SocketEndpoint,
        payload: ArraySlice<UInt8>
    ) {
        self.destinationMAC = destinationMAC
        self.sourceMAC = sourceMAC
        self.source = source
        self.destination = destination
        self.payload = payload
    }

    /// ff:ff:ff:ff:ff:ff
    public static let broadcastMAC = MACAddress(value: .max)

    /// Reads a frame and checks the sums of both headers.
    ///
    /// A UDP sum of zero means none. A sum that covers only the pseudo header is accepted as well: that is what a capture
    /// sees of a neighbour on the same host whose network device would have finished it.
    public init(decoding frame: ArraySlice<UInt8>) throws(FrameError) {
        do {
            var reader = ByteReader(frame)
            destinationMAC = try Self.mac(reader.bytes("destination MAC", count: 6))
            sourceMAC = try Self.mac(reader.bytes("source MAC", count: 6))
            let etherType = try reader.bigEndian("EtherType", as: UInt16.self)
            guard etherType == 0x0800 else { throw FrameError.notIPv4(etherType: etherType) }
            let packet = reader.remaining

            let versionAndLength = try reader.byte("IPv4 version")
            let headerLength = Int(versionAndLength & 15) * 4
            guard versionAndLength >> 4 == 4, headerLength >= 20 else { throw FrameError.badIPv4Header }
            _ = try reader.byte("IPv4 service")
            let totalLength = Int(try reader.bigEndian("IPv4 total length", as: UInt16.self))
            _ = try reader.bigEndian("IPv4 identification", as: UInt16.self)
            let fragment = try reader.bigEndian("IPv4 fragment", as: UInt16.self)
            _ = try reader.byte("IPv4 time to live")
            let networkProtocol = try reader.byte("IPv4 protocol")
            _ = try reader.bigEndian("IPv4 checksum", as: UInt16.self)
            let from = IPv4Address(value: try reader.bigEndian("IPv4 source"))
            let to = IPv4Address(value: try reader.bigEndian("IPv4 destination"))
            _ = try reader.bytes("IPv4 options", count: headerLength - 20)
            // Frames shorter than 60 bytes are padded, so the IPv4 length decides where the datagram ends.
            guard totalLength >= headerLength, totalLength <= packet.count else { throw FrameError.badIPv4Header }
            guard InternetChecksum.isValid(packet.prefix(headerLength)) else { throw FrameError.badIPv4Checksum }
            guard fragment & 0x3fff == 0 else { throw FrameError.fragment }
            guard networkProtocol == 17 else { throw FrameError.notUDP(protocol: networkProtocol) }

            let datagram = packet.prefix(totalLength).dropFirst(headerLength)
            var udp = ByteReader(datagram)
            source = SocketEndpoint(address: from, port: try udp.bigEndian("UDP source port"))
            destination = SocketEndpoint(address: to, port: try udp.bigEndian("UDP destination port"))
            let length = Int(try udp.bigEndian("UDP length", as: UInt16.self))
            let checksum = try udp.bigEndian("UDP checksum", as: UInt16.self)
            guard length >= 8, length <= datagram.count else { throw FrameError.badUDPLength }
            payload = datagram.prefix(length).dropFirst(8)
            if checksum != 0 {
                var sum = InternetChecksum()
                sum.addPseudoHeader(from: from, to: to, length: length)
                let unfinished = checksum == sum.folded
                sum.add(datagram.prefix(length))
                guard unfinished || sum.folded == 0xffff else { throw FrameError.badUDPChecksum }
            }
        } catch let error as TruncationError {
            throw .truncated(error)
        } catch let error as FrameError {
            throw error
        } catch {
            throw .badIPv4Header
        }
    }

    /// The frame as bytes, with both checksums; nil if the payload is longer than a datagram can be.
    public func encode() -> [UInt8]? {
        let udpLength = payload.count + 8
        guard udpLength + 20 <= Int(UInt16.max) else { return nil }
        var writer = ByteWriter(capacity: 14 + 20 + udpLength)
        writer.append(contentsOf: destinationMAC.octets)
        writer.append(contentsOf: sourceMAC.octets)
        writer.bigEndian(UInt16(0x0800))

        var header = ByteWriter(capacity: 20)
        header.append(0x45)
        header.append(0)
        header.bigEndian(UInt16(truncatingIfNeeded: udpLength + 20))
        header.bigEndian(UInt32(0))  // no identification, no fragments: what is not fragmented needs none (RFC 6864)
        header.append(64)
        header.append(17)
        header.bigEndian(UInt16(0))
        header.bigEndian(source.address.value)
        header.bigEndian(destination.address.value)
        var headerSum = InternetChecksum()
        headerSum.add(header.bytes[...])
        writer.append(contentsOf: header.bytes[..<10])
        writer.bigEndian(~headerSum.folded)
        writer.append(contentsOf: header.bytes[12...])

        var sum = InternetChecksum()
        sum.addPseudoHeader(from: source.address, to: destination.address, length: udpLength)
        var udp = ByteWriter(capacity: 8)
        udp.bigEndian(source.port)
        udp.bigEndian(destination.port)
        udp.bigEndian(UInt16(truncatingIfNeeded: udpLength))
        sum.add(udp.bytes[...])
        sum.add(payload)
        writer.append(contentsOf: udp.bytes)
        // Zero would say that there is no sum (RFC 768).
        writer.bigEndian(sum.folded == 0xffff ? UInt16(0xffff) : ~sum.folded)
        writer.append(contentsOf: payload)
        return writer.bytes
    }

    private static func mac(_ octets: ArraySlice<UInt8>) -> MACAddress {
        MACAddress(value: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }
}

/// Why a frame is not a UDP datagram over IPv4.
public enum FrameError: Error, Hashable, Sendable {
    /// It ends before a field does.
    case truncated(TruncationError)
    /// Another EtherType.
    case notIPv4(etherType: UInt16)
    /// Version, header length or total length make no sense.
    case badIPv4Header
    /// The header's sum is wrong.
    case badIPv4Checksum
    /// A fragment; a boot client's message fits into one packet.
    case fragment
    /// Another protocol.
    case notUDP(protocol: UInt8)
    /// The length is shorter than the header or longer than the packet.
    case badUDPLength
    /// The datagram's sum is wrong.
    case badUDPChecksum
}

/// The one's complement sum of 16-bit words (RFC 1071).
struct InternetChecksum {
    private var sum: UInt64 = 0

    /// Adds a run of bytes; an odd last byte counts as if a zero followed.
    mutating func add(_ bytes: ArraySlice<UInt8>) {
        var index = bytes.startIndex
        while index + 1 < bytes.endIndex {
            sum &+= UInt64(bytes[index]) << 8 | UInt64(bytes[index + 1])
            index += 2
        }
        if index < bytes.endIndex { sum &+= UInt64(bytes[index]) << 8 }
    }

    /// Adds what UDP's sum covers of the IPv4 header.
    mutating func addPseudoHeader(from source: IPv4Address, to destination: IPv4Address, length: Int) {
        for word in [
            source.value >> 16, source.value & 0xffff, destination.value >> 16, destination.value & 0xffff, 17,
            UInt32(truncatingIfNeeded: length),
        ] { sum &+= UInt64(word) }
    }

    /// The sum with its carries added in, not complemented.
    var folded: UInt16 {
        var value = sum
        while value > 0xffff { value = (value & 0xffff) + (value >> 16) }
        return UInt16(truncatingIfNeeded: value)
    }

    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        var sum = InternetChecksum()
        sum.add(bytes)
        return sum.folded == 0xffff
    }
}
