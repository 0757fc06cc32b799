import Workers

/// A user's name, and the file that has the password: what the settings say of a registry.
public struct PasswordFile: Hashable, Sendable {
    /// The user.
    public var user: String
    /// The file's path. It is read whenever the password is needed, so that a new one counts at once.
    public var path: String

    /// A user and a file.
    public init(user: String, path: String) {
        self.user = user
        self.path = path
    }

    /// The longest password file in bytes. Tokens of clouds have some three thousand.
    static let lengthLimit = 1 << 16

    /// Reads the password: all of the file but the line's end.
    ///
    /// - Throws: ``RegistryError`` when there is none.
    func read() throws(RegistryError) -> Credential {
        guard var bytes = try CredentialFile.read(path, limit: Self.lengthLimit) else {
            throw failure("is not there; write the password of '\(user)' into it")
        }
        while let last = bytes.last, last == 0x0a || last == 0x0d { bytes.removeLast() }
        guard !bytes.isEmpty else { throw failure("is empty; write the password of '\(user)' into it") }
        guard let password = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 }) else {
            throw failure("is no single line of text; it has to hold the password of '\(user)' and nothing else")
        }
        return .basic(user: user, password: password)
    }

    private func failure(_ problem: String) -> RegistryError {
        RegistryError(.credentials, "the password file \(path) \(problem)")
    }
}

/// The password files of the settings.
struct PasswordFiles: PlacedCredentialSource {
    private let files: [RegistryHost: PasswordFile]
    private let work = CredentialWork.threads()

    init(_ files: [RegistryHost: PasswordFile]) { self.files = files }

    func find(for host: RegistryHost, repository: String?) async throws -> PlacedCredential? {
        guard let file = files[host] else { return nil }
        return PlacedCredential(
            try await work.run { try file.read() },
            place: "user '\(file.user)' with the password file \(file.path), of the settings for \(host)")
    }
}

/// Where files are read and programs run that keep credentials.
enum CredentialWork {
    static func threads() -> BlockingWork {
        BlockingWork(width: 2, capacity: 256) { load in
            RegistryError(
                .credentials,
                "\(load.waiting) requests wait for credentials already; try again when those have theirs, and look for a "
                    + "credential helper or a disk that does not answer")
        }
    }
}
