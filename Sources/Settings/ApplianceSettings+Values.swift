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
        configurationsByNetwork.filter { $0.key.contains(address) }.max { $0.key.prefixLength < $1.key.prefixLength }?
            .value
            ?? false
    }
}
