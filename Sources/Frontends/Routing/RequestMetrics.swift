import HTTPTypes
import Metrics
import Synchronization

/// Counts requests and their time by route, method and status. All three come from closed sets: the route is a pattern, and
/// what is not a method that we know is `other`.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        var route: String
        var method: String
        var status: Int
    }

    private let timers = Mutex<[Key: Timer]>([:])

    /// Counts a request.
    ///
    /// - Parameter route: The route's pattern; nil for what has none.
    func record(route: String?, method: HTTPRequest.Method, status: HTTPResponse.Status, duration: Duration) {
        let name =
            switch method {
            case .get, .head, .post: method.rawValue
            default: "other"
            }
        let key = Key(route: route ?? "none", method: name, status: status.code)
        let timer = timers.withLock { timers in
            if let timer = timers[key] { return timer }
            let labels = [("handler", key.route), ("method", key.method), ("code", String(key.status))]
            let timer = Timer(label: "http_request_duration_seconds", dimensions: labels)
            timers[key] = timer
            return timer
        }
        timer.record(duration: duration)
    }
}
