import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NetworkTypes

/// What the frontends know of a request beside the request: the connection it came by, and what its path says.
struct FrontendContext: Sendable {
    /// The connection; large bodies leave through it by sendfile.
    let channel: any Channel
    /// What stands in the path for the route's parameters.
    var parameters: Parameters
    /// The ID that the answer carries.
    let requestID: String
    /// Where refusals are told, within limits.
    let refusals: RefusalLog
    private let baseLogger: Logger

    init(
        channel: any Channel, parameters: Parameters, requestID: String, refusals: RefusalLog, logger: Logger
    ) {
        self.channel = channel
        self.parameters = parameters
        self.requestID = requestID
        self.refusals = refusals
        baseLogger = logger
    }

    /// A logger whose lines carry the request's ID.
    var logger: Logger {
        var logger = baseLogger
        logger[metadataKey: "request.id"] = "\(requestID)"
        return logger
    }

    /// The client's address, if it is an IPv4 one, also in its mapped IPv6 form.
    var clientAddress: IPv4Address? { channel.remoteAddress?.ipv4 }

    /// Logs what was refused, unless this client or all together fill the log with it.
    func logRefusal(_ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata) {
        refusals.log(level, message, metadata, of: channel, to: logger)
    }

    /// The URL of this server as the client wrote it; where it wrote no host, that of the address and port at which its
    /// connection arrived.
    func baseURL(of request: Request) -> String {
        let written = request.head.authority ?? ""
        return "http://" + (written.isEmpty ? channel.localAddress?.authority ?? "" : written)
    }
}
