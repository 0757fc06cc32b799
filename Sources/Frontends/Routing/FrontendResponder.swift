import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Workers

/// Answers every request: finds its route, and puts around the answer what all answers have.
///
/// What is not found, and what is found by another method only, is answered without the headers by which clients know an
/// Image Factory, as the original does.
struct FrontendResponder: Sendable {
    /// What is served.
    var routes: Routes
    /// What the `Server` header says. Clients of Image Factory look for its name there.
    var server: String
    var logger: Logger
    var refusals = RefusalLog()

    private let metrics = RequestMetrics()
    private let dates = DateHeader()

    init(routes: Routes, name: String, logger: Logger) {
        self.routes = routes
        server = "Image Factory (\(name))"
        self.logger = logger
    }

    /// Answers a request.
    ///
    /// - Throws: What ends the connection.
    func respond(to request: Request, on channel: any Channel) async throws -> Response {
        let start = ContinuousClock.now
        var (response, route) = try await answer(request, channel)
        response.headers[.date] = dates.now
        // A body behind an answer to HEAD would be taken for the next answer, whoever gave it.
        if request.method == .head { response = response.createHeadResponse() }
        metrics.record(
            route: route, method: request.method, status: response.status, duration: ContinuousClock.now - start)
        return response
    }

    private func answer(_ request: Request, _ channel: any Channel) async throws -> (Response, route: String?) {
        guard request.head.authority != nil else {
            let sentence =
                "a request needs one Host field, with a host and perhaps a port, as in boot.example:8080 (RFC 9112 section 3.2)"
            return (.refusal(.badRequest, sentence), nil)
        }
        if let preflight = CrossOrigin.preflight(request) { return (preflight, nil) }
        var (response, route) = try await routed(request, channel)
        CrossOrigin.allowReading(&response, of: request)
        return (response, route)
    }

    private func routed(_ request: Request, _ channel: any Channel) async throws -> (Response, route: String?) {
        let target = request.head.path ?? ""
        guard target.utf8.first == UInt8(ascii: "/") else { return (answer(request.method, to: target), nil) }
        let path: RequestPath
        do throws(RequestPath.Fault) { path = try RequestPath(target: target) } catch {
            switch error {
            case .encoding: return (.refusal(.badRequest, "the path has a percent sign that encodes nothing"), nil)
            case .name: return (Self.notFound, nil)
            }
        }
        guard let (route, parameters) = routes.find(path) else { return (Self.notFound, nil) }
        if path.endsInSlash, !path.segments.isEmpty {
            return (Self.withoutSlash(request), route.name)
        }
        guard let handler = route.handler(for: request.method) else {
            return (Self.other(request.method, than: route), route.name)
        }
        let context = FrontendContext(
            channel: channel, parameters: parameters, requestID: RequestIdentifier.of(request.headers),
            refusals: refusals, logger: logger)
        var response: Response
        do {
            response = try await BlockingWork.$client.withValue(ClientKey(channel.remoteAddress).forWork) {
                try await handler(request, context)
            }
        } catch {
            response = try ErrorAnswers.answer(to: error, of: request, context: context)
        }
        response.headers[.server] = server
        if let header = RequestIdentifier.header { response.headers[header] = context.requestID }
        return (response, route.name)
    }

    /// The answer to a target that names no path.
    private func answer(_ method: HTTPRequest.Method, to target: String) -> Response {
        switch RequestTarget(target) {
        case .server where method == .options: return Response(status: .ok, headers: [.allow: routes.allowed])
        case .otherScheme(let scheme):
            return .refusal(.misdirectedRequest, "nothing is served here by \(scheme), only by http")
        case .server, .resource, .unknown:
            return .refusal(
                .badRequest,
                "a target is a path, as in /boot.ipxe, or a whole http URL of a host (RFC 9112 section 3.2)")
        }
    }

    private static var notFound: Response { .refusal(.notFound, "404 page not found") }

    /// The answer to a path with a slash too many.
    private static func withoutSlash(_ request: Request) -> Response {
        let target = request.head.path ?? "/"
        let path = target.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        let segments = path.split(separator: UInt8(ascii: "/")).map { Substring($0) }
        let query = target.utf8[path.endIndex...].prefix { $0 != UInt8(ascii: "#") }
        // One slash in front: with two, what follows would be another host.
        let location = "/" + segments.joined(separator: "/") + Substring(query)
        return .redirect(to: location, type: request.method == .get ? .permanent : .temporary)
    }

    /// The answer to a method that a path does not know (RFC 9110 §15.5.6, §9.3.7).
    private static func other(_ method: HTTPRequest.Method, than route: Routes.Route) -> Response {
        if method == .options { return Response(status: .ok, headers: [.allow: route.allowed]) }
        var response = Response.refusal(.methodNotAllowed, "Method Not Allowed")
        response.headers[.allow] = route.allowed
        return response
    }
}
