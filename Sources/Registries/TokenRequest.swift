/// What is asked of a token server.
struct TokenRequest: Hashable, Sendable {
    /// The server.
    var realm: RegistryURL
    /// What the registry calls itself there; nil where it does not.
    var service: String?
    /// What the token is for.
    var scopes: Scopes

    /// How the client calls itself.
    static let client = "slipway"

    /// Where a token is fetched with GET. What the realm's own query says stays as it is.
    func url(account: String?) -> RegistryURL {
        var fields: [(String, String)] = []
        if let service { fields.append(("service", service)) }
        fields += scopes.texts.map { ("scope", $0) }
        fields.append(("client_id", Self.client))
        if let account { fields.append(("account", account)) }
        let query = Self.encoded(fields)
        let separator = realm.query == nil ? "?" : realm.target.utf8.last == UInt8(ascii: "?") ? "" : "&"
        return realm.with(target: realm.target + separator + query)
    }

    /// The form that takes a refresh token to the server with POST (RFC 6749 §6). All scopes stand in one field.
    func form(refreshToken: String) -> String {
        Self.encoded([
            ("grant_type", "refresh_token"), ("refresh_token", refreshToken), ("service", service ?? ""),
            ("scope", scopes.texts.joined(separator: " ")), ("client_id", Self.client),
        ])
    }

    private static func encoded(_ fields: [(String, String)]) -> String {
        fields.map { "\(encoded($0.0))=\(encoded($0.1))" }.joined(separator: "&")
    }

    /// Bytes that are not unreserved (RFC 3986 §2.3) as %XX. Colons, slashes and commas may stand in a query as they are.
    static func encoded(_ text: String) -> String {
        var encoded: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                encoded.append(byte)
            case _ where "-._~:/,".utf8.contains(byte): encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
