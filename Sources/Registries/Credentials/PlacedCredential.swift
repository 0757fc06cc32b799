/// A credential, and where it stands.
public struct PlacedCredential: Hashable, Sendable {
    /// The credential.
    public var credential: Credential
    /// Where it stands, for messages: `the entry 'ghcr.io' of /root/.docker/config.json`.
    public var place: String

    /// A credential in its place.
    public init(_ credential: Credential, place: String) {
        self.credential = credential
        self.place = place
    }
}

/// A source that finds a credential and its place in one look.
public protocol PlacedCredentialSource: CredentialSource {
    /// The credential for a registry, with its place; nil where there is none.
    ///
    /// - Throws: ``RegistryError`` with the code `credentials` where there is one and it cannot be had; `CancellationError`.
    func find(for host: RegistryHost, repository: String?) async throws -> PlacedCredential?
}

extension PlacedCredentialSource {
    public func credential(for host: RegistryHost, repository: String?) async throws -> Credential? {
        try await find(for: host, repository: repository)?.credential
    }

    public func place(for host: RegistryHost, repository: String?) async -> String? {
        try? await find(for: host, repository: repository)?.place
    }
}

/// Several sources; the first that has a credential for a registry is the one that counts.
public struct CredentialChain: PlacedCredentialSource {
    private let sources: [any PlacedCredentialSource]

    /// Sources in the order of their strength.
    public init(_ sources: [any PlacedCredentialSource]) { self.sources = sources }

    public func find(for host: RegistryHost, repository: String?) async throws -> PlacedCredential? {
        for source in sources {
            if let found = try await source.find(for: host, repository: repository) { return found }
        }
        return nil
    }
}

extension CredentialChain {
    /// All sources as they are asked: password files of the settings, docker's and podman's files of credentials, GitHub's token.
    ///
    /// - Parameters:
    ///   - passwordFiles: What the settings name, by registry.
    ///   - environment: The variables of this process, which name further files and hold tokens.
    public static func standard(
        passwordFiles: [RegistryHost: PasswordFile] = [:], environment: CredentialEnvironment = .ofThisProcess
    ) -> CredentialChain {
        CredentialChain([
            PasswordFiles(passwordFiles), DockerCredentials(environment: environment),
            GitHubToken(environment: environment),
        ])
    }
}
