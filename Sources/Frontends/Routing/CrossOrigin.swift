import HTTPTypes
import Hummingbird
import HummingbirdCore

/// What pages of other origins may do, as Image Factory lets them: read everything, and post nothing. The names follow the
/// Fetch standard's CORS protocol.
enum CrossOrigin {
    private static let methods: Set<HTTPRequest.Method> = [.get, .head, .options]

    /// The answer to a browser's question before a request, if this is one. It is the same for every path.
    static func preflight(_ request: Request) -> Response? {
        guard request.method == .options, let method = request.headers[.accessControlRequestMethod] else { return nil }
        var headers: HTTPFields = [
            .vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        ]
        let wanted = request.headers[.accessControlRequestHeaders]
        if request.headers[.origin] != nil, methods.contains(where: { $0.rawValue == method }), mayBeSent(wanted) {
            headers[.accessControlAllowOrigin] = "*"
            headers[.accessControlAllowMethods] = method
            if let wanted { headers[.accessControlAllowHeaders] = wanted }
        }
        return Response(status: .noContent, headers: headers)
    }

    /// Adds what lets a page of another origin read an answer.
    static func allowReading(_ response: inout Response, of request: Request) {
        response.headers[.vary] = "Origin"
        guard request.headers[.origin] != nil, methods.contains(request.method) else { return }
        response.headers[.accessControlAllowOrigin] = "*"
        response.headers[.accessControlExposeHeaders] = "Content-Disposition, Content-Length, Content-Type"
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Whether a page may send these headers: `Cache-Control` and no other.
    private static func mayBeSent(_ list: String?) -> Bool {
        guard let list else { return true }
        return list.utf8.split(separator: UInt8(ascii: ",")).allSatisfy {
            let name = $0.drop(while: isBlank)
            let end = name.lastIndex { !isBlank($0) }.map { name.index(after: $0) } ?? name.startIndex
            return Substring(name[..<end]).lowercased() == "cache-control"
        }
    }
}
