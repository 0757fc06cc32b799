import Hummingbird
import HummingbirdCore
import Metrics

/// Counts requests and their time by route, method and status. All three come from closed sets: the route is a pattern, and
/// what is not a method that we know is `other`.
struct RequestMetrics: RouterMiddleware {
    typealias Context = FrontendContext

    func handle(
        _ request: Request, context: FrontendContext, next: (Request, FrontendContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        let response = try await next(request, context)
        let method = ["GET", "HEAD", "POST"].contains(request.method.rawValue) ? request.method.rawValue : "other"
        let labels = [
            ("handler", context.endpointPath ?? "none"), ("method", method), ("code", String(response.status.code)),
        ]
        Timer(label: "http_request_duration_seconds", dimensions: labels).record(duration: ContinuousClock.now - start)
        return response
    }
}
