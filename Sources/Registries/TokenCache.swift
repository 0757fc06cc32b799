import Workers

/// Tokens while they are good, and how each registry wants to be shown who asks. Many who want one token at once fetch it once.
actor TokenCache {
    /// For whom a token is.
    struct Key: Hashable, Sendable {
        var endpoint: RegistryHost
        var request: TokenRequest
    }

    private struct Entry {
        var token: String
        var end: ContinuousClock.Instant
    }

    private var schemes: [RegistryHost: AuthenticationScheme] = [:]
    private var tokens: [Key: Entry] = [:]
    private let flights = SingleFlight<Key, TokenAnswer>()

    /// How many tokens and registries are kept in mind. A release has some hundred repositories.
    private static let limit = 2048

    /// What a registry has asked for before.
    func scheme(of endpoint: RegistryHost) -> AuthenticationScheme? { schemes[endpoint] }

    /// Keeps what a registry has asked for.
    func keep(_ scheme: AuthenticationScheme, of endpoint: RegistryHost) {
        if schemes.count >= Self.limit, schemes[endpoint] == nil, let some = schemes.keys.first { schemes[some] = nil }
        schemes[endpoint] = scheme
    }

    /// A token, kept or new.
    ///
    /// - Parameter refused: A token that the registry does not take, whatever its lifetime.
    func token(
        for key: Key, refused: String?, fetch: @escaping @Sendable () async throws -> TokenAnswer
    ) async throws -> String {
        if let entry = tokens[key], entry.token != refused, entry.end > .now { return entry.token }
        let answer = try await flights.value(for: key, fetch)
        makeRoom()
        // A little before its end a token could run out on the way.
        tokens[key] = Entry(token: answer.token, end: .now + answer.lifetime * 0.8)
        return answer.token
    }

    private func makeRoom() {
        guard tokens.count >= Self.limit else { return }
        let now = ContinuousClock.now
        tokens = tokens.filter { $0.value.end > now }
        while tokens.count >= Self.limit, let first = tokens.min(by: { $0.value.end < $1.value.end }) {
            tokens[first.key] = nil
        }
    }
}
