import NetworkTypes

/// This host's address as machines reach it.
public enum HostAddress {
    /// The first IPv4 address of the first of `interfaces` that has one, or of any interface that is up and not the loopback
    /// when none is named. nil when there is none.
    public static func find(on interfaces: [String]) throws(DHCPServiceError) -> IPv4Address? {
        let all = try NetworkInterface.all()
        let candidates =
            interfaces.isEmpty
            ? all.filter { $0.isUp && !$0.isLoopback }
            : interfaces.compactMap { name in all.first { $0.name == name } }
        return candidates.lazy.compactMap(\.addresses.first).first
    }
}
