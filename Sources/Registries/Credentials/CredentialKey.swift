/// A key in a file of credentials, of which several forms are about: `ghcr.io`, `registry.lan:5000`, `harbor.lan/project` for a part
/// of a registry, and URLs of the first interface as `https://index.docker.io/v1/`, which for Docker Hub is the one in use.
struct CredentialKey: Hashable, Sendable {
    /// How well a key of one registry fits.
    enum Form: Int, Sendable {
        /// As programs write it today.
        case usual
        /// A URL, or with a version of the interface as its path.
        case old
        /// A URL with another path, which docker passes over.
        case odd
    }

    /// The registry.
    let host: RegistryHost
    /// The part of it, as the parts of a repository's name; empty is all of it.
    let path: [Substring]
    /// Which form it has.
    let form: Form

    /// What stands for Docker Hub in files, and is said to programs.
    static let dockerHub = "https://index.docker.io/v1/"

    /// Reads a key; nil when it names no registry.
    init?(_ text: String) {
        guard text.utf8.count <= 1024 else { return nil }
        let bare = ["https://", "http://"].first { text.lowercased().hasPrefix($0) }
            .map { text.utf8.dropFirst($0.utf8.count) }
        let parts = (bare.map { Substring($0) } ?? Substring(text)).utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false
        ).map { Substring($0) }
        guard let name = parts.first, let host = try? RegistryHost(parsing: name) else { return nil }
        self.host = host
        let rest = parts.dropFirst().filter { !$0.isEmpty }
        let isVersion = rest.isEmpty || rest == ["v1"] || rest == ["v2"]
        // Docker Hub has keys below its own for what is not a password.
        if bare != nil, !isVersion, host == .dockerHub { return nil }
        path = bare != nil || isVersion ? [] : rest
        form =
            text == Self.dockerHub || bare == nil && (rest.isEmpty || !isVersion) ? .usual : isVersion ? .old : .odd
    }

    /// What is said to a program that keeps credentials.
    static func server(_ host: RegistryHost) -> String { host == .dockerHub ? dockerHub : host.description }

    /// Whether it is for this repository.
    func matches(_ host: RegistryHost, _ repository: String?) -> Bool {
        guard host == self.host else { return false }
        guard !path.isEmpty else { return true }
        guard let repository else { return false }
        return repository.split(separator: "/").starts(with: path)
    }

    /// The values of those keys that are for a repository, the most particular first.
    static func matching<Value>(
        _ host: RegistryHost, _ repository: String?, in entries: [(key: String, value: Value)]
    ) -> [(key: String, value: Value)] {
        var found: [(order: (Int, Int, Int), entry: (key: String, value: Value))] = []
        for (position, entry) in entries.enumerated() {
            guard let key = CredentialKey(entry.key), key.matches(host, repository) else { continue }
            // Docker Hub's own key is before the names that people write.
            let rank = entry.key == dockerHub ? -1 : key.form.rawValue
            found.append(((-key.path.count, rank, position), entry))
        }
        return found.sorted { $0.order < $1.order }.map(\.entry)
    }
}
