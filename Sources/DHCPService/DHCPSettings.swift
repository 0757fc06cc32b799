import Netboot

/// What the DHCP service listens on and how it answers.
public struct DHCPSettings: Sendable {
    /// How messages are received on an interface.
    public enum Listening: String, Sendable, CaseIterable {
        /// By a socket, or by capture where another program holds the port. The default.
        case automatic
        /// By a socket; that the port is taken is an error.
        case socket
        /// By capture of whole frames, beside whatever holds the port.
        case capture
    }

    /// A named interface.
    public struct Interface: Hashable, Sendable {
        /// Its name: "eth1".
        public var name: String
        /// How messages are received on it. The default is automatic.
        public var listening: Listening

        /// An interface.
        public init(_ name: String, listening: Listening = .automatic) {
            self.name = name
            self.listening = listening
        }
    }

    /// Port numbers, which only tests change; 0 takes any free one.
    public struct Ports: Hashable, Sendable {
        /// Where DHCP servers listen. The default is 67.
        public var dhcp: UInt16
        /// Where PXE boot servers listen. The default is 4011.
        public var bootServer: UInt16
        /// Where clients listen. The default is 68.
        public var client: UInt16
        /// Where relays listen. The default is 67.
        public var relay: UInt16

        /// Port numbers.
        public init(dhcp: UInt16 = 67, bootServer: UInt16 = 4011, client: UInt16 = 68, relay: UInt16 = 67) {
            self.dhcp = dhcp
            self.bootServer = bootServer
            self.client = client
            self.relay = relay
        }

        func number(of port: ServicePort) -> UInt16 {
            switch port {
            case .dhcp: dhcp
            case .bootServer: bootServer
            }
        }
    }

    /// The interfaces to serve. The default, none, serves all.
    public var interfaces: [Interface]
    /// How messages are received when no interface is named. The default is automatic.
    public var listening: Listening
    /// Port numbers.
    public var ports: Ports
    /// The port of the HTTP server, for boot URLs. The default is 8080.
    public var httpPort: Int
    /// Names of the loaders that this host has; asked every few seconds, so it must not take long.
    public var availableLoaders: @Sendable () -> Set<String>
    /// Whether a machine may boot; asked for each message of a machine that wants to, so it must return at once.
    public var verdict: @Sendable (BootClient) -> BootVerdict

    /// Settings.
    public init(
        interfaces: [Interface] = [], listening: Listening = .automatic, ports: Ports = Ports(), httpPort: Int = 8080,
        availableLoaders: @escaping @Sendable () -> Set<String>,
        verdict: @escaping @Sendable (BootClient) -> BootVerdict
    ) {
        self.interfaces = interfaces
        self.listening = listening
        self.ports = ports
        self.httpPort = httpPort
        self.availableLoaders = availableLoaders
        self.verdict = verdict
    }
}
