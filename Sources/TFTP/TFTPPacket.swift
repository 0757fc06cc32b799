import Bytes

/// A datagram of the Trivial File Transfer Protocol (RFC 1350 §5; options RFC 2347).
///
/// ```
/// RRQ, WRQ  | 1, 2 | file name 0 | mode 0 | option 0 value 0 …
/// DATA      | 3    | block # (2) | up to blksize bytes
/// ACK       | 4    | block # (2)
/// ERROR     | 5    | code (2)    | message 0
/// OACK      | 6    | option 0 value 0 …
/// ```
public enum TFTPPacket: Hashable, Sendable {
    /// Asks for a file.
    case readRequest(TFTPRequest)
    /// Wants to store a file.
    case writeRequest(TFTPRequest)
    /// One block of a file. A block shorter than the block size is the last.
    case data(block: UInt16, bytes: [UInt8])
    /// Everything up to this block has arrived; block 0 answers an OACK.
    case acknowledgement(block: UInt16)
    /// The end of a transfer, or the refusal of a request.
    case error(TFTPErrorCode, message: String)
    /// The options that the server takes, with the values it will use.
    case optionAcknowledgement([TransferOption])

    /// The longest payload of a DATA packet: the largest legal block size (RFC 2348).
    public static let largestBlock = 65464

    /// Reads a packet. Zero bytes after the last option are padding, which some ROMs send.
    public init(decoding bytes: ArraySlice<UInt8>) throws(TFTPPacketError) {
        var reader = ByteReader(bytes)
        let opcode = try reader.number("opcode")
        switch opcode {
        case 1: self = .readRequest(try TFTPRequest(from: &reader))
        case 2: self = .writeRequest(try TFTPRequest(from: &reader))
        case 3:
            let block = try reader.number("block #")
            guard reader.remaining.count <= Self.largestBlock else {
                throw .tooLong(field: "data", limit: Self.largestBlock)
            }
            self = .data(block: block, bytes: Array(reader.remaining))
        case 4: self = .acknowledgement(block: try reader.number("block #"))
        case 5:
            let code = TFTPErrorCode(rawValue: try reader.number("error code"))
            // The terminating zero is missing from some clients' errors, and the text is only for people.
            let message = reader.remaining.prefix { $0 != 0 }.prefix(512)
            self = .error(code, message: String(decoding: message, as: UTF8.self))
        case 6: self = .optionAcknowledgement(try TransferOption.list(from: &reader))
        default: throw .unknownOpcode(opcode)
        }
    }

    /// The packet's bytes. Text is cut at a zero byte, which it cannot carry.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        switch self {
        case .readRequest(let request):
            writer.bigEndian(UInt16(1))
            request.encode(to: &writer)
        case .writeRequest(let request):
            writer.bigEndian(UInt16(2))
            request.encode(to: &writer)
        case .data(let block, let bytes):
            writer.bigEndian(UInt16(3))
            writer.bigEndian(block)
            writer.append(contentsOf: bytes)
        case .acknowledgement(let block):
            writer.bigEndian(UInt16(4))
            writer.bigEndian(block)
        case .error(let code, let message):
            writer.bigEndian(UInt16(5))
            writer.bigEndian(code.rawValue)
            writer.terminated(message.utf8)
        case .optionAcknowledgement(let options):
            writer.bigEndian(UInt16(6))
            for option in options { option.encode(to: &writer) }
        }
        return writer.bytes
    }
}

/// What a client asks for in an RRQ or WRQ.
public struct TFTPRequest: Hashable, Sendable {
    /// The name as it was sent; `TFTPFileName` makes a path of it.
    public var fileName: [UInt8]
    /// "octet", "netascii" or "mail", of either case.
    public var mode: String
    /// The options, in the order of the packet.
    public var options: [TransferOption]

    /// A request.
    public init(fileName: [UInt8], mode: String = "octet", options: [TransferOption] = []) {
        self.fileName = fileName
        self.mode = mode
        self.options = options
    }

    /// The longest file name that is read, in bytes.
    public static let longestFileName = 1024
    /// The longest mode that is read, in bytes.
    public static let longestMode = 32

    init(from reader: inout ByteReader) throws(TFTPPacketError) {
        fileName = Array(try reader.terminated("file name", limit: Self.longestFileName))
        mode = String(decoding: try reader.terminated("mode", limit: Self.longestMode), as: UTF8.self)
        options = try TransferOption.list(from: &reader)
    }

    func encode(to writer: inout ByteWriter) {
        writer.terminated(fileName)
        writer.terminated(mode.utf8)
        for option in options { option.encode(to: &writer) }
    }
}

extension ByteReader {
    /// Two bytes as a number.
    mutating func number(_ field: String) throws(TFTPPacketError) -> UInt16 {
        do { return try bigEndian(field) } catch { throw .truncated(error) }
    }

    /// A run of bytes up to a zero, which is consumed.
    mutating func terminated(_ field: String, limit: Int) throws(TFTPPacketError) -> ArraySlice<UInt8> {
        guard let end = remaining.prefix(limit == .max ? limit : limit + 1).firstIndex(of: 0) else {
            throw remaining.count > limit ? .tooLong(field: field, limit: limit) : .unterminated(field: field)
        }
        do {
            let text = try bytes(field, count: end - remaining.startIndex)
            _ = try byte(field)
            return text
        } catch {
            throw .truncated(error)
        }
    }
}

extension ByteWriter {
    mutating func terminated(_ text: some Sequence<UInt8>) {
        append(contentsOf: text.prefix { $0 != 0 })
        append(0)
    }
}
