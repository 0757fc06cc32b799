import Bytes

/// A pcap file of Ethernet frames: the classic format with its 24-byte header, of either byte order.
public struct PacketCapture: Sendable {
    /// One frame of a capture.
    public struct Packet: Hashable, Sendable {
        /// When it was seen, in microseconds since 1970.
        public var time: UInt64
        /// The bytes that were kept.
        public var bytes: ArraySlice<UInt8>
        /// How long it was on the wire.
        public var originalLength: Int
    }

    /// The frames in the order of the file.
    public var packets: [Packet]

    /// Reads a whole file.
    public init(decoding file: ArraySlice<UInt8>) throws(CaptureError) {
        do {
            var reader = ByteReader(file)
            let magic = try reader.littleEndian("magic", as: UInt32.self)
            let unit: UInt64
            let isLittle: Bool
            switch magic {
            case 0xa1b2_c3d4: (unit, isLittle) = (1, true)
            case 0xd4c3_b2a1: (unit, isLittle) = (1, false)
            case 0xa1b2_3c4d: (unit, isLittle) = (1000, true)
            case 0x4d3c_b2a1: (unit, isLittle) = (1000, false)
            default: throw CaptureError.unknownMagic(magic)
            }
            func word(_ field: String) throws(TruncationError) -> UInt32 {
                isLittle ? try reader.littleEndian(field) : try reader.bigEndian(field)
            }
            _ = try reader.bytes("version, zone, accuracy, snap length", count: 16)
            let link = try word("link type") & 0xffff
            guard link == 1 else { throw CaptureError.notEthernet(linkType: link) }
            packets = []
            while !reader.isAtEnd {
                let seconds = UInt64(try word("seconds"))
                let fraction = UInt64(try word("fraction of a second"))
                let kept = Int(try word("kept length"))
                let length = Int(try word("original length"))
                let bytes = try reader.bytes("frame", count: kept)
                packets.append(
                    Packet(time: seconds * 1_000_000 + fraction / unit, bytes: bytes, originalLength: length))
            }
        } catch let error as CaptureError {
            throw error
        } catch let error as TruncationError {
            throw .truncated(error)
        } catch {
            throw .unknownMagic(0)
        }
    }
}

/// Why a file is not a capture that can be read.
public enum CaptureError: Error, Hashable, Sendable {
    /// It does not begin as a pcap file does; pcapng is not read.
    case unknownMagic(UInt32)
    /// The frames are not Ethernet's.
    case notEthernet(linkType: UInt32)
    /// It ends in the middle of a record.
    case truncated(TruncationError)
}
