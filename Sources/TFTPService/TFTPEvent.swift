import NetworkTypes
import Synchronization
import TFTP

/// What happened to a request, for the timeline of a machine's boot. Observers are called on the server's own threads and
/// must return at once.
public enum TFTPEvent: Sendable {
    /// A client asks for a file.
    case requested(TFTPSubject)
    /// The file is there, and its transfer begins.
    case started(TFTPSubject, length: UInt64)
    /// The client has the whole file.
    case finished(TFTPSubject, length: UInt64, duration: Duration, retransmissions: Int)
    /// The client looked at the size and ended; it will ask again.
    case declined(TFTPSubject)
    /// The transfer ended before the client had everything.
    case failed(TFTPSubject, reason: TFTPFailure)
    /// The request was answered with an ERROR.
    case refused(TFTPSubject, code: TFTPErrorCode, reason: String)
}

/// Which request an event is about.
public struct TFTPSubject: Hashable, Sendable {
    /// The name, normalized where that was possible; printable.
    public var name: String
    /// Who asks.
    public var client: SocketEndpoint
    /// Which of our addresses was asked.
    public var server: IPv4Address
}

/// Why a transfer ended early.
public enum TFTPFailure: Hashable, Sendable, CustomStringConvertible {
    /// The client fell silent.
    case noAnswer(afterRetransmissions: Int)
    /// The client sent an ERROR.
    case clientError(TFTPErrorCode, message: String)
    /// The content could not be read.
    case content(TFTPContentError)
    /// The client asked anew from the same port.
    case replaced
    /// Other requests needed its place, and the client had not answered, or not for a while.
    case displaced
    /// The server stops.
    case shutdown

    public var description: String {
        switch self {
        case .noAnswer(let count): "the client fell silent; \(count) retransmissions were made"
        case .clientError(let code, let message): "the client sent error \(code): \(message)"
        case .content(let error): "the content cannot be read: \(error)"
        case .replaced: "the client asked anew"
        case .displaced: "the client did not answer, and another request took its place"
        case .shutdown: "the server stops"
        }
    }
}

/// What a server has done since its start, for metrics.
public struct TFTPCounters: Hashable, Sendable {
    /// Read requests with a usable name that were let in.
    public var requests: UInt64 = 0
    /// Requests answered with an ERROR.
    public var refused: UInt64 = 0
    /// Transfers begun.
    public var started: UInt64 = 0
    /// Transfers that ended with the last acknowledgement.
    public var finished: UInt64 = 0
    /// Transfers that ended with a look at the size.
    public var declined: UInt64 = 0
    /// Transfers that ended otherwise.
    public var failed: UInt64 = 0
    /// Datagrams that were no packet, or belonged to no transfer.
    public var strays: UInt64 = 0
    /// Blocks sent, repeated ones included.
    public var blocks: UInt64 = 0
    /// Bytes of DATA packets sent, repeated ones included.
    public var bytes: UInt64 = 0
    /// Times that a timer ended and something was sent again.
    public var retransmissions: UInt64 = 0
    /// Transfers under way now.
    public var active: Int = 0
}

extension TFTPSubject {
    /// A name from the wire, cut and freed of what would disturb a log.
    static func printable(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(200), as: UTF8.self)
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isPrintable ? $0 : "?" }))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
