import Hummingbird
import HummingbirdCore
import PrometheusMetrics

/// `/metrics`, for Prometheus.
public struct MetricsRoutes: RouteGroup {
    let registry: PrometheusRegistry
    /// Brings the gauges up to date; called before each look at them.
    let measure: @Sendable () -> Void

    /// The routes.
    public init(registry: PrometheusRegistry, measure: @escaping @Sendable () -> Void) {
        self.registry = registry
        self.measure = measure
    }

    public func add(to routes: inout Routes) {
        routes.get("metrics") { _, _ in
            measure()
            return Response.text(registry.render(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }
}
