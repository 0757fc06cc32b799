import NetworkTypes

/// Where a registry may lead: its storage is elsewhere, and anybody may have written the answer.
enum RedirectPolicy {
    /// How many redirects are followed, one after the other.
    static let hops = 5

    /// Why `target` is not gone to from `source`, as the end of a sentence; nil if it is.
    ///
    /// - Parameter reach: How far the registry's own address reaches. What is in a network of its own may lead into such networks;
    ///   what is out there may not.
    static func obstacle(from source: RegistryURL, to target: RegistryURL, reach: AddressClass) -> String? {
        if source.scheme == .https, target.scheme == .http { return "that is plain http" }
        return addressObstacle(from: source, to: target) { $0 == .link || $0 > reach }
    }

    /// Why a token server is not asked, as the end of a sentence; nil if it is. Credentials are sent there, so an address that is
    /// not the registry's own has to be one that everybody can reach.
    static func realmObstacle(of registry: RegistryURL, realm: RegistryURL) -> String? {
        if registry.scheme == .https, realm.scheme == .http { return "that is plain http" }
        return addressObstacle(from: registry, to: realm) { $0 != .global }
    }

    private static func addressObstacle(
        from source: RegistryURL, to target: RegistryURL, isRefused: (AddressClass) -> Bool
    ) -> String? {
        guard source.origin.host != target.origin.host else { return nil }
        let reach = AddressClass(target.authority.host)
        guard isRefused(reach) else { return nil }
        switch reach {
        case .global: return nil
        case .site: return "that is an address of a private network"
        case .link: return "that is an address of a single link"
        case .loopback: return "that is this host's own address"
        }
    }
}
