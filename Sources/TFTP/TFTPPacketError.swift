import Bytes

/// Why bytes are not a TFTP packet.
public enum TFTPPacketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The packet ended inside a field of fixed size.
    case truncated(TruncationError)
    /// The first two bytes are none of 1 to 6.
    case unknownOpcode(UInt16)
    /// A text without its terminating zero.
    case unterminated(field: String)
    /// A field longer than any real client's.
    case tooLong(field: String, limit: Int)

    public var description: String {
        switch self {
        case .truncated(let error): "the packet is cut off: \(error)"
        case .unknownOpcode(let opcode): "opcode \(opcode) is not one of TFTP's"
        case .unterminated(let field): "the \(field) has no terminating zero"
        case .tooLong(let field, let limit): "the \(field) has more than \(limit) bytes"
        }
    }
}

/// The reason in an ERROR packet (RFC 1350 appendix, RFC 2347). An unknown code is kept as it is.
public struct TFTPErrorCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number on the wire.
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// See the message. Some ROMs end their `tsize` probe with it.
    public static let undefined = TFTPErrorCode(rawValue: 0)
    /// There is no such file.
    public static let fileNotFound = TFTPErrorCode(rawValue: 1)
    /// The file may not be read, or nothing may be written.
    public static let accessViolation = TFTPErrorCode(rawValue: 2)
    /// No room for a written file.
    public static let diskFull = TFTPErrorCode(rawValue: 3)
    /// Something else than a request came to the request port.
    public static let illegalOperation = TFTPErrorCode(rawValue: 4)
    /// A packet that belongs to no transfer.
    public static let unknownTransferID = TFTPErrorCode(rawValue: 5)
    /// A written file exists already.
    public static let fileExists = TFTPErrorCode(rawValue: 6)
    /// Mail to nobody known here.
    public static let noSuchUser = TFTPErrorCode(rawValue: 7)
    /// The OACK is not accepted (RFC 2347). EDK2 ends its `tsize` probe with it.
    public static let optionNegotiation = TFTPErrorCode(rawValue: 8)

    public var description: String { "\(rawValue)" }
}
