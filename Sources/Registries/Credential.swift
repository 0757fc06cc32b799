/// What shows a registry who asks.
public enum Credential: Hashable, Sendable {
    /// A user and a password, or a token in the password's place.
    case basic(user: String, password: String)
    /// A refresh token, which a token server takes in exchange (docker's `identitytoken`).
    case identityToken(String)
    /// A token that is sent as it is (docker's `registrytoken`).
    case bearer(String)
}

/// Secrets are in no message, and in no dump of values either.
extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String {
        switch self {
        case .basic(let user, _): "the password of '\(user.prefix(128))'"
        case .identityToken: "an identity token"
        case .bearer: "a registry token"
        }
    }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: []) }
}
