import Errors

/// Why something could not be had from a registry. The message names the registry, what was asked of it, and what to do; it has
/// neither tokens nor the queries of signed URLs in it.
public struct RegistryError: CodedError, Sendable {
    /// What kind of failure it is, for decisions.
    public enum Code: Hashable, Sendable {
        /// A name, tag or address cannot be one; nothing was asked.
        case invalidName
        /// A credential cannot be had from where it is kept: a file, or a program that keeps it.
        case credentials
        /// There is no way to the registry: its name, the connection or TLS fails.
        case unreachable
        /// It takes too long.
        case timedOut
        /// It is not there, or not for us. Many registries do not tell the two apart.
        case notFound
        /// The registry refuses us, or the credentials that it was given.
        case denied
        /// The registry wants fewer requests. ``RegistryError/retryAfter`` says for how long.
        case rateLimited
        /// The registry is out of order for now.
        case unavailable
        /// The answer breaks off, or there is nothing in it.
        case brokenAnswer
        /// The answer is none of the protocol.
        case badAnswer
        /// The answer is longer than any honest one.
        case tooLarge
        /// The bytes are not those that were asked for.
        case wrongContent
        /// The registry leads to where it may not lead.
        case refusedRedirect
        /// The registry does not have this part of the protocol.
        case unsupported
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?
    /// The HTTP status behind it, where one was received.
    public var status: Int?
    /// How long the registry wants to be left alone, where it said so.
    public var retryAfter: Duration?

    /// A failure.
    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, status: Int? = nil, retryAfter: Duration? = nil
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.status = status
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
