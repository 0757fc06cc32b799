import HTTPTypes
import HummingbirdCore

/// The parameters in a request's query. Of a name that occurs twice the first counts, because what machines tell of
/// themselves comes last and may hold anything. Names and values are decoded once; what cannot be decoded stands as it is.
struct RequestQuery {
    private let pairs: [(name: String, value: String)]

    /// So many parameters are looked at; no route knows as many, and the work for each is bounded.
    private static let maximum = 64

    /// Reads the query of a request's target.
    init(target: String) {
        var target = target
        pairs = target.withUTF8 { Self.pairs(in: $0) }
    }

    private static func pairs(in target: UnsafeBufferPointer<UInt8>) -> [(name: String, value: String)] {
        guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        let query = target[(mark + 1)...].prefix { $0 != UInt8(ascii: "#") }
        return query.split(separator: UInt8(ascii: "&"), maxSplits: maximum).prefix(maximum).map { part in
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let value = equals.map { part[($0 + 1)...] } ?? part[part.endIndex...]
            return (text(part[..<(equals ?? part.endIndex)]), text(value))
        }
    }

    /// The value of a parameter; empty when it stands there alone, nil when it does not.
    subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    private static func text(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> String {
        guard bytes.contains(UInt8(ascii: "%")), let decoded = PercentEncoding.decoded(bytes) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}

extension Request {
    /// The parameters in the query.
    var query: RequestQuery { RequestQuery(target: head.path ?? "") }
}
