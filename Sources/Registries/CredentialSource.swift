/// Where credentials come from.
public protocol CredentialSource: Sendable {
    /// The credential for a registry.
    ///
    /// - Parameters:
    ///   - host: The registry that asks. It is never one that another registry has named.
    ///   - repository: What is asked for, where there may be credentials for parts of a registry.
    /// - Returns: Nil where there is none; the registry is then asked as anybody.
    /// - Throws: Where there is one and it cannot be had.
    func credential(for host: RegistryHost, repository: String?) async throws -> Credential?

    /// Where that credential stands, for the message of one that is refused: `the entry 'ghcr.io' of /root/.docker/config.json`.
    /// Nil where there is none.
    func place(for host: RegistryHost, repository: String?) async -> String?
}

extension CredentialSource {
    public func place(for host: RegistryHost, repository: String?) async -> String? { nil }
}

/// No credentials: everything is asked for as anybody.
public struct AnonymousCredentials: CredentialSource {
    public init() {}
    public func credential(for host: RegistryHost, repository: String?) async throws -> Credential? { nil }
}
