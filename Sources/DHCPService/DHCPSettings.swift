import Netboot

/// What the DHCP service listens on and how it answers.
public struct DHCPSettings: Sendable {
    /// How messages are received on an interface.
    public enum Listening: String, Sendable, CaseIterable {
        /// Beside whatever else is on this host, now or later: by capture. The default.
        case automatic
        /// By sockets that hold the ports; that one is taken is an error, and a DHCP server that starts later cannot.
        case socket
        /// By capture of packets, which holds no port.
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

    /// Port numbers, which only tests change; 0 takes any free one, with sockets.
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
    /// Settings.
    public init(
        interfaces: [Interface] = [], listening: Listening = .automatic, ports: Ports = Ports(), httpPort: Int = 8080
    ) {
        self.interfaces = interfaces
        self.listening = listening
        self.ports = ports
        self.httpPort = httpPort
    }
}
