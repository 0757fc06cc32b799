import OCIModel

/// What a token server gives (distribution's token specification; RFC 6749 §5.1 has other names for the same).
struct TokenAnswer: Hashable {
    /// The token.
    var token: String
    /// How long it may be used, from when it was received: the server's clock does not matter, and no wall clock here.
    var lifetime: Duration

    /// How many bytes are read of an answer.
    static let maximumBytes = 64 << 10
    /// How long a token is good for if nothing is said, and at least.
    static let shortest: Int64 = 60

    /// Reads an answer; nil if there is no usable token in it.
    init?(_ bytes: [UInt8]) {
        let limits = JSONLimits(maximumBytes: Self.maximumBytes, maximumValues: 5000)
        guard let value = try? JSONValue(decoding: bytes[...], limits: limits),
            let token = [value["token"]?.text, value["access_token"]?.text].lazy.compactMap({ $0 }).first(
                where: Self.isToken)
        else { return nil }
        self.token = token
        let seconds: Int64? =
            switch value["expires_in"] {
            case .integer(let number)?: number
            case .string(let text)?: DecimalNumber.read(text.utf8).map { Int64(clamping: $0) }
            default: nil
            }
        lifetime = .seconds(min(max(seconds ?? Self.shortest, Self.shortest), 86400))
    }

    /// A token goes into a field of a request, where no control character may be.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
