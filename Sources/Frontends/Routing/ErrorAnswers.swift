import HTTPTypes
import Hummingbird
import HummingbirdCore
import ImageFactory
import Logging
import NIOCore
import NIOHTTP1
import NetworkTypes

/// The one table from errors to statuses. A client reads a sentence; the log keeps the chain beneath it, and where on this host
/// it was.
enum ErrorAnswers {
    /// The answer to a request that failed.
    ///
    /// - Parameter machine: Whose request it was, if that is known.
    /// - Throws: What only the server can answer, because the connection is out of step.
    static func answer(
        to error: any Error, of request: Request, context: FrontendContext, machine: MACAddress? = nil
    ) throws -> Response {
        switch error {
        case let error as FactoryError:
            let status = error.code.status
            // That a schematic is lost, only who runs this server can keep from the next client.
            let isOurs =
                status.code >= 500 && ![.serviceUnavailable, .notImplemented].contains(status)
                || error.code == .schematicLost
            log(isOurs ? .error : .notice, "refused", error, status, request, context, machine)
            return .refusal(status, PublicText.withoutPaths(PublicText.shortened(error.message)))
        case is CancellationError:
            // The client has gone; nobody will read this (nginx' 499 is the custom for the log).
            return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
        case is HTTPParserError:
            // Whoever reads from the connection answers 400 and ends it.
            throw error
        case let error as HTTPError:
            return .refusal(error.status, error.body ?? error.status.reasonPhrase)
        case let error as any HTTPResponseError:
            return .refusal(error.status, error.status.reasonPhrase)
        default:
            log(.error, "failed", error, .internalServerError, request, context, machine)
            return .refusal(.internalServerError, "internal server error")
        }
    }

    private static func log(
        _ level: Logger.Level, _ message: Logger.Message, _ error: any Error, _ status: HTTPResponse.Status,
        _ request: Request, _ context: FrontendContext, _ machine: MACAddress?
    ) {
        var metadata: Logger.Metadata = [
            "http.path": "\(String(decoding: (request.head.path ?? "").utf8.prefix(256), as: UTF8.self))",
            "http.status": "\(status.code)", "error": "\(PublicText.shortened("\(error)"))",
        ]
        if let machine { metadata["machine.mac"] = "\(machine)" }
        context.logRefusal(level, message, metadata)
    }
}

extension Response {
    /// A refusal in plain words, the way Image Factory gives them: the sentence and a newline.
    static func refusal(_ status: HTTPResponse.Status, _ sentence: String) -> Response {
        var headers: HTTPFields = [.contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff"]
        if status == .serviceUnavailable { headers[.retryAfter] = "5" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: sentence + "\n")))
    }

    /// A text, with its length, so that iPXE need not guess.
    static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: HTTPResponse.Status = .ok)
        -> Response
    {
        Response(status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension FactoryError.Code {
    /// The status that a client gets; where Image Factory answers 500 to a client's own mistake, this says 400.
    var status: HTTPResponse.Status {
        switch self {
        // Of a lost schematic nothing can be made until it is posted, as of one that was never posted.
        case .schematicNotFound, .schematicLost, .versionNotFound: .notFound
        case .invalidSchematic, .invalidRequest: .badRequest
        case .notSupported: .notImplemented
        case .busy: .serviceUnavailable
        default: .internalServerError
        }
    }
}
