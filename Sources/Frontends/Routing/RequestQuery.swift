import HTTPTypes
import HummingbirdCore

/// The parameters in a request's query. Of a name that occurs twice the first counts, because what machines tell of
/// themselves comes last and may hold anything. Names and values are decoded once; what cannot be decoded stands as it is.
struct RequestQuery {
    private var pairs: [(name: String, value: String)] = []

    /// So many parameters are looked at; no route knows as many, and the work for each is bounded.
    private static let maximum = 64

    /// Reads the query of a request's target.
    init(target: String) {
        let bytes = target.utf8
        guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { return }
        let query = bytes[bytes.index(after: mark)...].prefix { $0 != UInt8(ascii: "#") }
        for part in query.split(separator: UInt8(ascii: "&"), maxSplits: Self.maximum).prefix(Self.maximum) {
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let value = equals.map { part[part.index(after: $0)...] } ?? part[part.endIndex...]
            pairs.append((Self.text(part[..<(equals ?? part.endIndex)]), Self.text(value)))
        }
    }

    /// The value of a parameter; empty when it stands there alone, nil when it does not.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    private static func text(_ bytes: Substring.UTF8View) -> String {
        guard bytes.contains(UInt8(ascii: "%")), let decoded = PercentEncoding.decoded(bytes) else {
            return String(Substring(bytes))
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension Request {
    /// The parameters in the query.
    var query: RequestQuery { RequestQuery(target: head.path ?? "") }
}
