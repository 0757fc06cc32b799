import HTTPTypes
import Hummingbird

/// The headers that every answer carries, as clients of Image Factory expect them: who serves it, and the request's ID,
/// the client's own or a new one. An answer to HEAD ends here, whoever gave it: a body behind it would be taken for the
/// next answer.
struct CommonHeaders: RouterMiddleware {
    typealias Context = FrontendContext

    /// What the `Server` header says.
    var server: String

    func handle(
        _ request: Request, context: FrontendContext, next: (Request, FrontendContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        response.headers[.server] = server
        if let name = HTTPField.Name("X-Request-ID") { response.headers[name] = request.headers[name] ?? context.id }
        if request.headers[.origin] != nil {
            response.headers[.accessControlAllowOrigin] = "*"
            response.headers[.accessControlExposeHeaders] = "Content-Disposition, Content-Length, Content-Type"
        }
        return request.method == .head ? response.createHeadResponse() : response
    }
}
