/// How a registry wants to be shown who asks.
enum AuthenticationScheme: Hashable, Sendable {
    case basic
    /// A token from a server, and what the registry calls itself there.
    case bearer(realm: RegistryURL, service: String?)
}

/// What a request shows of who asks.
enum Authorization: Hashable, Sendable {
    case nothing
    case basic(String)
    case bearer(String)

    /// The Authorization field.
    var field: String? {
        switch self {
        case .nothing: nil
        case .basic(let text): "Basic \(text)"
        case .bearer(let token): "Bearer \(token)"
        }
    }

    /// What a credential is as a field; nil for one that has to be exchanged.
    init?(_ credential: Credential) {
        switch credential {
        case .basic(let user, let password): self = .basic(Base64.encoded("\(user):\(password)"))
        case .bearer(let token) where token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }): self = .bearer(token)
        case .bearer, .identityToken: return nil
        }
    }
}

/// Why a request was refused for want of a login. To each reason there is one answer, given once.
enum RefusalCause: Hashable {
    /// Nothing was shown.
    case nothingShown
    /// The token is not taken, mostly because its time is over.
    case expired
    /// The token is for something else.
    case insufficientScope
    /// A token was shown, and user and password are wanted.
    case basicWanted

    /// Nil where there is nothing to try.
    init?(_ challenges: [Challenge], shown: Authorization) {
        let bearer = challenges.first { $0.scheme == "bearer" }
        let basic = challenges.first { $0.scheme == "basic" }
        switch shown {
        case .nothing where bearer != nil || basic != nil: self = .nothingShown
        case .bearer where bearer?["error"] == "insufficient_scope": self = .insufficientScope
        case .bearer where bearer != nil: self = .expired
        // Harbor asks for this whenever anything was shown, and then it means no.
        case .bearer where basic != nil: self = .basicWanted
        default: return nil
        }
    }
}

extension AuthenticationScheme {
    /// The scheme that is answered: a token where one can be had, else user and password.
    ///
    /// - Returns: Nil where no scheme is spoken here.
    /// - Throws: `RegistryError`, where the only way leads to a token server that is not asked.
    init?(_ challenges: [Challenge], from url: RegistryURL, request: String) throws(RegistryError) {
        var refusal: RegistryError?
        for challenge in challenges where challenge.scheme == "bearer" {
            do {
                self = .bearer(
                    realm: try Self.realm(of: challenge, from: url, request: request), service: challenge["service"])
                return
            } catch { refusal = refusal ?? error }
        }
        if challenges.contains(where: { $0.scheme == "basic" }) {
            self = .basic
            return
        }
        if let refusal { throw refusal }
        return nil
    }

    private static func realm(
        of challenge: Challenge, from url: RegistryURL, request: String
    ) throws(RegistryError) -> RegistryURL {
        guard let text = challenge["realm"], !text.isEmpty else {
            throw RegistryError(.badAnswer, "\(request) wants a token and does not say from where", status: 401)
        }
        let shown = PlainText.shown(text.prefix { $0 != "?" })
        let realm: RegistryURL
        do { realm = try url.resolving(text) } catch {
            throw RegistryError(
                .refusedRedirect, "\(request) wants a token from '\(shown)', which is not asked: \(error)", status: 401)
        }
        if let obstacle = RedirectPolicy.realmObstacle(of: url, realm: realm) {
            throw RegistryError(
                .refusedRedirect, "\(request) wants a token from \(realm.shown), which is not asked: \(obstacle)",
                status: 401)
        }
        return realm
    }
}

/// Base64 with padding (RFC 4648 §4).
enum Base64 {
    static func encoded(_ text: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(text.utf8)
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                encoded.append(
                    index <= group.count ? digits[Int(bits >> UInt32(18 - 6 * index)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}
