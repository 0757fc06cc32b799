import NetworkTypes

/// What follows from several settings together.
extension ApplianceSettings {
    /// Where metrics are served besides the address of everything else.
    public enum MetricsListening: Sendable, Hashable {
        /// Where they are by default, unless another program is there.
        case usual(ListenEndpoint)
        /// On this endpoint.
        case endpoint(ListenEndpoint)
        /// Nowhere else.
        case off
    }

    /// Where metrics are served besides the address of everything else.
    public var metrics: MetricsListening {
        guard let metricsAddress else { return .off }
        let endpoint = ListenEndpoint(host: metricsAddress.host, port: metricsPort)
        return $metricsAddress.isGiven || $metricsPort.isGiven ? .endpoint(endpoint) : .usual(endpoint)
    }

    /// Where metrics are served by default.
    public static let usualMetricsEndpoint = ListenEndpoint(
        host: ApplianceSettings.usual.metricsAddress?.host ?? .ipv4(.loopback),
        port: ApplianceSettings.usual.metricsPort)

    /// Where finished assets are put for another web server.
    public struct Publishing: Sendable, Hashable {
        /// The folder.
        public var folder: String
        /// Below which URL the other server has what is in it.
        public var url: BaseURL
    }

    /// Where finished assets are put, so that others than machines that boot are sent there for them; nil for nowhere.
    public var publishing: Publishing? {
        guard let publishedAssetsFolder, let publishedAssetsURL else { return nil }
        return Publishing(folder: publishedAssetsFolder, url: publishedAssetsURL)
    }

    /// Where loaders are looked for in any case; not each of these folders is on every host.
    public static let usualLoaderFolders = ["/usr/lib/slipway/loaders", "/usr/lib/ipxe", "/boot"]

    /// Whether a machine beyond a router is given its configuration by what was heard of it. The smallest network decides that says
    /// anything about the address.
    public func givesConfigurations(to address: IPv4Address) -> Bool {
        configurationsByNetwork.entries.filter { $0.name.contains(address) }
            .max { $0.name.prefixLength < $1.name.prefixLength }?.value ?? false
    }

    /// What is particular about one registry.
    public struct RegistryAccess: Sendable {
        /// The registry, by host and port.
        public var registry: Authority
        /// The registry whose images it has.
        public var mirrorOf: Authority?
        /// A file of certificates in PEM that are trusted beside the system's.
        public var certificateAuthority: String?
        /// Whether it is spoken with over plain http; nil leaves that to its address.
        public var isInsecure: Bool?
        /// The user as whom it is asked.
        public var username: String?
        /// A file with the user's password.
        public var passwordFile: String?
        /// The password itself, which is stronger than the file. Not to be shown.
        public var password: String?
    }

    /// The registries about which there is something particular, mirrors in the order in which they are asked.
    public var registries: [RegistryAccess] {
        var names: [Authority] = []
        let named =
            mirroredRegistries.entries.map(\.name) + registryAuthorities.entries.map(\.name)
            + insecureRegistries.entries.map(\.name) + registryUsers.entries.map(\.name)
            + registryPasswordFiles.entries.map(\.name) + registryPasswords.entries.map(\.name)
        for name in named where !names.contains(name) { names.append(name) }
        return names.map { name in
            RegistryAccess(
                registry: name, mirrorOf: mirroredRegistries[name], certificateAuthority: registryAuthorities[name],
                isInsecure: insecureRegistries[name], username: registryUsers[name],
                passwordFile: registryPasswordFiles[name], password: registryPasswords[name])
        }
    }
}
