import Logging

/// Shows registries who asks, in the ways that they want.
struct Login: Sendable {
    let credentials: any CredentialSource
    let settings: [RegistryHost: RegistrySettings]
    let server: TokenServer
    let cache = TokenCache()

    /// What to show before anything was refused: what is known of the registry, and nothing to one that has not asked for anything.
    func authorization(at endpoint: Endpoint, repository: String?, request: String) async throws -> Authorization {
        guard let scheme = await cache.scheme(of: endpoint.host) else { return .nothing }
        let scopes = repository.map(Scopes.pull) ?? Scopes()
        return try await authorization(
            scheme, at: endpoint, repository: repository, scopes: scopes, refused: nil, request: request)
    }

    /// What to show after a refusal.
    ///
    /// - Parameter cause: Why the request was refused.
    /// - Returns: Nil where there is nothing else to show.
    func authorization(
        after cause: RefusalCause, _ challenges: [Challenge], shown: Authorization, at url: RegistryURL,
        endpoint: Endpoint,
        repository: String?, request: String
    ) async throws -> Authorization? {
        if cause == .basicWanted {
            guard case .basic? = try await credential(for: endpoint, repository: repository) else { return nil }
            let next = try await authorization(
                .basic, at: endpoint, repository: repository, scopes: Scopes(), refused: nil, request: request)
            return next == shown ? nil : next
        }
        guard let scheme = try AuthenticationScheme(challenges, from: url, request: request) else { return nil }
        await cache.keep(scheme, of: endpoint.host)
        // A registry that is only greeted names a scope as an example; what is needed is known here.
        var scopes = Scopes()
        if let repository {
            let asked = challenges.first { $0.scheme == "bearer" }?["scope"] ?? ""
            let (named, own) = (Scopes(parsing: asked), Scopes.pull(repository))
            // Some servers grant the first one only, and it was not this.
            scopes = cause == .insufficientScope ? own.merging(named) : named.merging(own)
        }
        let refused: String? = if case .bearer(let token) = shown { token } else { nil }
        let next = try await authorization(
            scheme, at: endpoint, repository: repository, scopes: scopes, refused: refused, request: request)
        return next == shown || next == .nothing ? nil : next
    }

    /// Where the credential stands that a registry was shown, for messages.
    func place(for endpoint: Endpoint, repository: String?) async -> String? {
        if settings[endpoint.host]?.credential != nil { return "those in the settings of \(endpoint.host)" }
        return await credentials.place(for: endpoint.host, repository: repository)
    }

    private func credential(for endpoint: Endpoint, repository: String?) async throws -> Credential? {
        if let credential = settings[endpoint.host]?.credential { return credential }
        do { return try await credentials.credential(for: endpoint.host, repository: repository) } catch {
            if error is CancellationError || error is RegistryError { throw error }
            throw RegistryError(
                .credentials, "there are credentials for \(endpoint.host) that cannot be had: \(error)", cause: error)
        }
    }

    private func authorization(
        _ scheme: AuthenticationScheme, at endpoint: Endpoint, repository: String?, scopes: Scopes, refused: String?,
        request: String
    ) async throws -> Authorization {
        let credential = try await credential(for: endpoint, repository: repository)
        if case .bearer? = credential { return credential.flatMap(Authorization.init) ?? .nothing }
        switch scheme {
        case .basic: return credential.flatMap(Authorization.init) ?? .nothing
        case .bearer(let realm, let service):
            let tokenRequest = TokenRequest(realm: realm, service: service, scopes: scopes)
            let place = await place(for: endpoint, repository: repository)
            let server = server
            let token = try await cache.token(
                for: .init(endpoint: endpoint.host, request: tokenRequest), refused: refused
            ) {
                try await server.fetch(tokenRequest, for: endpoint, credential: credential, place: place)
            }
            return .bearer(token)
        }
    }
}
