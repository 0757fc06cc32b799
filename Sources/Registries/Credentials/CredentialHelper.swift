import OCIModel
import Programs

/// A program that keeps credentials, as docker runs them: `docker-credential-NAME get`, which reads the registry's key and writes
/// the credential as JSON (source: the docker-credential-helpers project).
struct CredentialHelper: Hashable, Sendable {
    /// The program.
    let program: String
    /// Where it is named, for messages.
    let place: String

    /// How long a helper may take. Some ask a cloud, and some wait for a person to unlock what is locked.
    static let timeLimit = Duration.seconds(60)
    /// The longest answer in bytes.
    static let outputLimit = 1 << 16
    /// With this user, the secret is an identity token.
    private static let tokenUser = "<token>"
    private static let notFound = "credentials not found in native keychain"

    /// A helper by its name; nil when no program can have it.
    init?(name: String, place: String) {
        guard (1...64).contains(name.utf8.count), !name.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7f }),
            !name.utf8.contains(UInt8(ascii: "/"))
        else { return nil }
        program = "docker-credential-\(name)"
        self.place = place
    }

    /// Asks for the credential of `server`. This blocks.
    ///
    /// - Returns: Nil when the helper has none.
    /// - Throws: ``RegistryError``, which names the helper.
    func ask(
        _ server: String, environment: CredentialEnvironment, within limit: Duration = Self.timeLimit,
        isCancelled: () -> Bool
    ) throws(RegistryError) -> Credential? {
        guard let path = Program.locate(program, in: environment.programFolders) else {
            throw fault("is not installed; install it where PATH has it, or take its name out of the file")
        }
        var run = Program(path: path, ["get"], environment: environment.variables.map { "\($0.key)=\($0.value)" })
        run.input = Array(server.utf8)
        run.output = .all(upTo: Self.outputLimit)
        run.errors = .apart(last: 4096)
        let outcome: Program.Outcome
        do {
            outcome = try run.run(within: limit, isCancelled: isCancelled)
        } catch {
            switch error {
            case .late:
                throw fault(
                    "had not answered after \(limit.components.seconds) seconds and was ended; look whether it waits for somebody "
                        + "to unlock its store")
            case .tooMuchOutput: throw fault("wrote more than \(Self.outputLimit) bytes, which no credential has")
            case .cancelled, .notStarted: throw fault("gave nothing: \(error)")
            }
        }
        return try credential(in: outcome)
    }

    /// Reads what a helper that has ended wrote.
    func credential(in outcome: Program.Outcome) throws(RegistryError) -> Credential? {
        // A failure is told on the standard output.
        guard outcome.end == .status(0) else {
            let said = String(decoding: outcome.output, as: UTF8.self).trimmed
            if said == Self.notFound { return nil }
            throw fault("failed: \(Self.line(of: outcome))")
        }
        guard let answer = try? JSONValue(decoding: outcome.output[...]), case .object = answer else {
            throw fault("ended well but did not write a JSON object")
        }
        func text(_ name: String) throws(RegistryError) -> String {
            switch answer[name] {
            case nil, .null?: return ""
            case .string(let text)?:
                guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
                    throw fault("gave a '\(name)' with a control character in it")
                }
                return text
            case _?: throw fault("gave a '\(name)' that is not a text")
            }
        }
        let (user, secret) = (try text("Username"), try text("Secret"))
        guard !user.isEmpty || !secret.isEmpty else { return nil }
        guard !user.isEmpty else { throw fault("gave a secret without a user; log in again with it") }
        guard !secret.isEmpty else { throw fault("gave a user without a secret; log in again with it") }
        return user == Self.tokenUser ? .identityToken(secret) : .basic(user: user, password: secret)
    }

    /// The line that says why a helper failed, as far as it can be shown: no answer, in which there would be a secret.
    private static func line(of outcome: Program.Outcome) -> String {
        let end =
            switch outcome.end {
            case .status(let status): "status \(status)"
            case .signal(let signal): "signal \(signal)"
            }
        let said = String(decoding: outcome.output, as: UTF8.self).trimmed
        let complained = String(decoding: outcome.errors, as: UTF8.self).trimmed
        let line =
            said.utf8.isEmpty
            ? complained.split(whereSeparator: \.isNewline).last : said.split(whereSeparator: \.isNewline).first
        guard let line, !said.utf8.contains(UInt8(ascii: "{")) else { return end }
        let shown = line.unicodeScalars.filter { !$0.properties.isControl }.prefix(200)
        return "\(end), '\(String(String.UnicodeScalarView(shown)))'"
    }

    private func fault(_ problem: String) -> RegistryError {
        RegistryError(.credentials, "the credential helper \(program), named by \(place), \(problem)")
    }
}

extension Unicode.Scalar.Properties {
    /// Whether terminals act on it rather than show it.
    fileprivate var isControl: Bool { generalCategory == .control || generalCategory == .format }
}
