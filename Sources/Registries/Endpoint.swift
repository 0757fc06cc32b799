import NetworkTypes

/// One place that has a registry's images: the registry itself, or a mirror.
struct Endpoint: Hashable, Sendable {
    /// Who it is; credentials are for it alone.
    let host: RegistryHost
    /// What stands before a repository's name there, with a slash behind it; mostly empty.
    let prefix: String
    /// How it is connected to.
    let base: RegistryURL
    /// How far its address reaches.
    let reach: AddressClass

    init(_ host: RegistryHost, prefix: String = "", settings: RegistrySettings?) throws(RegistryError) {
        self.host = host
        let trimmed = prefix.split(separator: "/").joined(separator: "/")
        self.prefix = trimmed.isEmpty ? "" : trimmed + "/"
        let hasAuthorities = !(settings?.certificateAuthorities.isEmpty ?? true)
        let isInsecure = settings?.isInsecure ?? (host.isLocal && !hasAuthorities)
        do {
            base = RegistryURL(
                scheme: isInsecure ? .http : .https, authority: try Authority(parsing: host.apiAuthority),
                target: "/v2/")
        } catch { throw RegistryError(.invalidName, "'\(host)' is not a registry's host: \(error)", cause: error) }
        // A name that somebody has set up by hand is taken to be in a network of his own, as a private address is.
        reach = max(host.addressClass, hasAuthorities || settings?.isInsecure == true ? .site : .global)
    }

    /// The URL of something in a repository, as `manifests/v1`.
    func url(_ repository: Repository, _ place: String) -> RegistryURL {
        base.with(target: "/v2/\(name(of: repository))/\(place)")
    }

    /// The repository's name there.
    func name(of repository: Repository) -> String { prefix + repository.name }
}
