import HTTPTypes
import Hummingbird
import HummingbirdCore
import PrometheusMetrics

/// `/healthz`, `/readyz` and `/metrics`.
struct HealthRoutes {
    /// What an operator should look at, a sentence each; empty when all is well.
    let problems: @Sendable () async -> [String]
    /// Brings the gauges up to date; called before each look at them.
    let measure: @Sendable () -> Void
    let metrics: PrometheusRegistry

    func add(to routes: inout Routes) {
        routes.get("healthz") { _, _ in Response(status: .ok) }
        routes.head("healthz") { _, _ in Response(status: .ok) }
        routes.get("readyz", use: ready)
        routes.head("readyz", use: ready)
        routes.get("metrics") { _, _ in
            measure()
            return Response.text(metrics.render(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    /// Ready even with problems: the last good machines file is in force and every other machine boots. The problems are
    /// the body, for whoever looks.
    @Sendable func ready(request: Request, context: FrontendContext) async throws -> Response {
        let problems = await problems()
        if problems.isEmpty { return Response(status: .ok) }
        return .text(problems.map { $0 + "\n" }.joined())
    }
}
