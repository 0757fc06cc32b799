import Factory
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// The one table from errors to statuses. A client reads a sentence; the log keeps the chain beneath it.
struct ErrorAnswers: RouterMiddleware {
    typealias Context = FrontendContext

    func handle(
        _ request: Request, context: FrontendContext, next: (Request, FrontendContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as FactoryError {
            let status = error.code.status
            let level: Logger.Level =
                [.serviceUnavailable, .notImplemented].contains(status) || status.code < 500 ? .notice : .error
            context.logger.log(
                level: level, "refused",
                metadata: [
                    "http.path": "\(request.uri.path.prefix(256))", "http.status": "\(status.code)",
                    "error": "\(error)",
                ])
            return .refusal(status, error.message)
        } catch is CancellationError {
            // The client has gone; nobody will read this (nginx' 499 is the custom for the log).
            return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
        } catch let error as HTTPParserError {
            // The connection is out of step; whoever reads from it answers 400 and ends it.
            throw error
        } catch let error as HTTPError {
            return .refusal(error.status, error.body ?? Self.sentence(for: error.status))
        } catch let error as any HTTPResponseError {
            return .refusal(error.status, Self.sentence(for: error.status))
        } catch {
            context.logger.error(
                "failed", metadata: ["http.path": "\(request.uri.path.prefix(256))", "error": "\(error)"])
            return .refusal(.internalServerError, "internal server error")
        }
    }

    private static func sentence(for status: HTTPResponse.Status) -> String {
        status == .notFound ? "404 page not found" : status.reasonPhrase
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
    fileprivate var status: HTTPResponse.Status {
        switch self {
        case .schematicNotFound, .versionNotFound: .notFound
        case .invalidSchematic, .invalidRequest: .badRequest
        case .notSupported: .notImplemented
        case .busy: .serviceUnavailable
        default: .internalServerError
        }
    }
}
