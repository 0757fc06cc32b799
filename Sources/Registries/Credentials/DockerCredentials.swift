import Workers

/// What docker, podman and skopeo have kept: their files of credentials, and the programs that these name. The first that has
/// something for a registry is the one that counts.
public struct DockerCredentials: PlacedCredentialSource {
    private let environment: CredentialEnvironment
    private let work: BlockingWork
    private let answers: HelperAnswers

    /// The variable that has a configuration itself, before all files.
    private static let variable = "DOCKER_AUTH_CONFIG"

    /// Files and programs as the environment's variables name them.
    public init(environment: CredentialEnvironment = .ofThisProcess) {
        self.init(environment: environment, helperLimit: CredentialHelper.timeLimit)
    }

    init(environment: CredentialEnvironment, helperLimit: Duration) {
        self.environment = environment
        work = CredentialWork.threads()
        answers = HelperAnswers(environment: environment, timeLimit: helperLimit, work: work)
    }

    public func find(for host: RegistryHost, repository: String?) async throws -> PlacedCredential? {
        if let configuration = try named(), let found = try configuration.entry(for: host, repository) { return found }
        for path in environment.files {
            // Read anew each time, so that a new login counts at once.
            guard let configuration = try await work.run({ try Self.read(path) }) else { continue }
            if let found = try await find(for: host, repository, in: configuration) { return found }
        }
        return nil
    }

    /// What is odd about the files that there are, for people who look for what is wrong: a sentence for each.
    public func remarks() async -> [String] {
        var remarks: [String] = []
        for path in environment.files {
            do {
                guard let configuration = try await work.run({ try Self.read(path) }) else { continue }
                remarks += configuration.remarks
            } catch {
                remarks.append("\(error)")
            }
        }
        return remarks
    }

    private func find(
        for host: RegistryHost, _ repository: String?, in configuration: DockerConfiguration
    ) async throws -> PlacedCredential? {
        if let helper = try configuration.helper(for: host, repository) {
            let credential = try await answers.answer(of: helper, about: CredentialKey.server(host))
            if let credential {
                return PlacedCredential(
                    credential, place: "the credential helper \(helper.program), named by \(helper.place)")
            }
        }
        return try configuration.entry(for: host, repository)
    }

    private func named() throws(RegistryError) -> DockerConfiguration? {
        guard let text = environment.value(Self.variable) else { return nil }
        return try DockerConfiguration(decoding: Array(text.utf8), name: "the variable \(Self.variable)")
    }

    private static func read(_ path: String) throws(RegistryError) -> DockerConfiguration? {
        guard let bytes = try CredentialFile.read(path, limit: DockerConfiguration.lengthLimit) else { return nil }
        return try DockerConfiguration(decoding: bytes, name: path)
    }
}
