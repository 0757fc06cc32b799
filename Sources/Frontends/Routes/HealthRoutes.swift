import HTTPTypes
import Hummingbird
import HummingbirdCore

/// `/healthz` and `/readyz`.
public struct HealthRoutes: RouteGroup {
    /// What an operator should look at, a sentence each; empty when all is well.
    let problems: @Sendable () async -> [String]

    /// The routes.
    public init(problems: @escaping @Sendable () async -> [String]) { self.problems = problems }

    public func add(to routes: inout Routes) {
        routes.get("healthz") { _, _ in Response(status: .ok) }
        routes.head("healthz") { _, _ in Response(status: .ok) }
        routes.get("readyz", use: ready)
        routes.head("readyz", use: ready)
    }

    /// Ready even with problems: the last good machines file is in force and every other machine boots. The problems are
    /// the body, for whoever looks.
    @Sendable func ready(request: Request, context: FrontendContext) async throws -> Response {
        let problems = await problems()
        if problems.isEmpty { return Response(status: .ok) }
        return .text(problems.map { $0 + "\n" }.joined())
    }
}
