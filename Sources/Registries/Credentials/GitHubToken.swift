/// The token that GitHub's workflows have in their environment. It is for GitHub's own registry, and nobody else sees it.
struct GitHubToken: PlacedCredentialSource {
    private let found: PlacedCredential?

    init(environment: CredentialEnvironment) {
        let token = environment.value("GITHUB_TOKEN").map { $0.trimmed }
        found = token.flatMap { token in
            guard !token.isEmpty, !token.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return nil }
            // The registry looks at the token alone, but wants a name.
            return PlacedCredential(
                .basic(user: environment.value("GITHUB_ACTOR") ?? "github", password: token),
                place: "the environment variable GITHUB_TOKEN")
        }
    }

    func find(for host: RegistryHost, repository: String?) async throws -> PlacedCredential? {
        host == .github ? found : nil
    }
}

extension StringProtocol {
    /// The text without blanks and line ends around it.
    var trimmed: String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
        let start = utf8.drop(while: isBlank)
        return String(decoding: start.reversed().drop(while: isBlank).reversed(), as: UTF8.self)
    }
}
