import HTTPTypes
import Hummingbird
import HummingbirdCore

/// What is served under which path.
///
/// The library's own router compares paths as they were sent and answers "not found" for a method that it does not know; here
/// a path is found however it is encoded, and a path that is known by another method can be told from one that is not.
public struct Routes: Sendable {
    /// Answers a request.
    typealias Handler = @Sendable (Request, FrontendContext) async throws -> Response

    /// One path, and what it answers by method.
    struct Route: Sendable {
        /// The path as metrics name it, as in `/image/{schematic}/{version}/{path}`.
        var name: String
        fileprivate var pattern: [Part]
        fileprivate var handlers: [(method: HTTPRequest.Method, handler: Handler)] = []

        /// What answers a method.
        func handler(for method: HTTPRequest.Method) -> Handler? { handlers.first { $0.method == method }?.handler }

        /// The methods that are known, sorted, for `Allow` (RFC 9110 §10.2.1).
        var allowed: String {
            (handlers.map(\.method.rawValue) + ["OPTIONS"]).sorted().joined(separator: ", ")
        }
    }

    fileprivate enum Part: Equatable, Sendable {
        case literal(String)
        case parameter(String)
    }

    private var routes: [Route] = []

    /// The methods that any path knows, sorted, for `Allow` (RFC 9110 §10.2.1).
    var allowed: String {
        Set(routes.flatMap(\.handlers).map(\.method.rawValue) + ["OPTIONS"]).sorted().joined(separator: ", ")
    }

    /// Serves GET.
    mutating func get(_ path: String, use handler: @escaping Handler) { on(path, .get, use: handler) }
    /// Serves HEAD.
    mutating func head(_ path: String, use handler: @escaping Handler) { on(path, .head, use: handler) }
    /// Serves POST.
    mutating func post(_ path: String, use handler: @escaping Handler) { on(path, .post, use: handler) }

    /// Serves a method.
    ///
    /// - Parameter path: Segments with slashes between them; one that begins with `:` is a parameter.
    private mutating func on(_ path: String, _ method: HTTPRequest.Method, use handler: @escaping Handler) {
        let pattern = path.split(separator: "/").map { segment -> Part in
            segment.hasPrefix(":") ? .parameter(String(segment.dropFirst())) : .literal(String(segment))
        }
        if let index = routes.firstIndex(where: { $0.pattern == pattern }) {
            routes[index].handlers.append((method, handler))
            return
        }
        let name = pattern.map { part in
            switch part {
            case .literal(let text): "/\(text)"
            case .parameter(let name): "/{\(name)}"
            }
        }
        let route = Route(
            name: name.isEmpty ? "/" : name.joined(), pattern: pattern, handlers: [(method, handler)])
        // Where a literal and a parameter both fit, the literal is meant.
        let place = routes.firstIndex { $0.parameters > route.parameters } ?? routes.count
        routes.insert(route, at: place)
    }

    /// The route of a path, and what stands there for its parameters.
    func find(_ path: RequestPath) -> (route: Route, parameters: Parameters)? {
        for route in routes where route.pattern.count == path.segments.count {
            if let parameters = route.match(path.segments) { return (route, parameters) }
        }
        return nil
    }
}

extension Routes.Route {
    fileprivate var parameters: Int { pattern.reduce(0) { if case .parameter = $1 { $0 + 1 } else { $0 } } }

    fileprivate func match(_ segments: [String]) -> Parameters? {
        for case (.literal(let text), let segment) in zip(pattern, segments) where text != segment { return nil }
        var parameters = Parameters()
        for case (.parameter(let name), let segment) in zip(pattern, segments) {
            parameters[Substring(name)] = Substring(segment)
        }
        return parameters
    }
}
