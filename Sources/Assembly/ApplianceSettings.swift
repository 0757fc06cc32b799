import Logging
import NetworkTypes
import TFTPService

/// Everything that an operator can set, with its default. The command line fills it in; nothing else does.
public struct ApplianceSettings: Sendable {
    /// How the DHCP proxy listens.
    public enum DHCPListening: String, Sendable, CaseIterable {
        /// Beside any DHCP server of this host, now or later: by packet capture, which holds no port.
        case automatic
        /// By sockets that hold ports 67 and 4011.
        case socket
        /// By packet capture.
        case capture
        /// Not at all: the site's DHCP server names the loaders itself.
        case off
    }

    /// Where metrics are served besides the address of everything else.
    public enum MetricsListening: Sendable, Hashable {
        /// On 127.0.0.1:2122, as Image Factory's are, unless another program is there.
        case usual
        /// On this endpoint.
        case endpoint(ListenEndpoint)
        /// Nowhere else.
        case off

        /// Where Image Factory serves them.
        public static let usualEndpoint = ListenEndpoint(host: .ipv4(.loopback), port: 2122)
    }

    /// Where finished assets are put for another web server.
    public struct Publishing: Sendable, Hashable {
        /// The folder.
        public var folder: String
        /// Below which URL the other server has what is in it.
        public var url: BaseURL

        /// A place.
        public init(folder: String, url: BaseURL) {
            self.folder = folder
            self.url = url
        }
    }

    /// The folder with releases, schematics and built segments. The default is `/var/lib/slipway`.
    public var store = "/var/lib/slipway"
    /// The machines file; nil serves schematics and images, and no machine of its own. The default is none.
    public var machinesFile: String?
    /// The interfaces on which machines are answered. The default is every one that is up, has an IPv4 address and is not
    /// the loopback.
    public var interfaces: [String] = []
    /// How the DHCP proxy listens. The default is `automatic`.
    public var dhcp = DHCPListening.automatic
    /// Whether TFTP is served. The default is yes.
    public var servesTFTP = true
    /// The UDP port of TFTP. The default is 69, and firmware asks on no other.
    public var tftpPort: UInt16 = 69
    /// How many TFTP transfers may be under way at once. The default is 4096.
    public var tftpTransfers = 4096
    /// How many of them for one client address. The default is 8.
    public var tftpTransfersPerClient = 8
    /// Whether TFTP's packets all leave from the request port, for machines behind firewalls and address translation. The
    /// default is no.
    public var tftpSinglePort = false
    /// The largest TFTP block in bytes, for machines of some networks or, with prefix length 0, for all. The default is what
    /// fits the link's MTU, 1468 at most.
    public var tftpBlockSizes: [TFTPServer.BlockSizeLimit] = []
    /// The operator's own files, served beside the loaders if the folder is there. The default is `/srv/slipway/tftp-root`.
    public var tftpRoot = "/srv/slipway/tftp-root"
    /// The address on which HTTP listens. The default is every one.
    public var httpAddress = ListenAddress.any
    /// The TCP port of HTTP. The default is 8080.
    public var httpPort: UInt16 = 8080
    /// Where `/metrics` is served by itself. The default is 127.0.0.1:2122, as Image Factory has it.
    public var metrics = MetricsListening.usual
    /// The URL that images and scripts give as the factory's own. The default is made of the first interface's address and
    /// the HTTP port.
    public var externalURL: BaseURL?
    /// Networks beyond a router whose machines are given their configurations by what was heard of them; nothing there proves
    /// who asks. The default is none.
    public var configurationNetworks: [IPv4Network] = []
    /// Folders in which loaders are looked for, the first hit wins.
    public var loaderFolders = Self.usualLoaderFolders
    /// How many builds run at once; the processors are shared among them. The default is the number of processors.
    public var builds: Int?
    /// How many builds may wait before further ones are refused with 503. The default is 256.
    public var waitingBuilds = 256
    /// Where finished assets are put, so that others than machines that boot are sent there for them. The default is nowhere.
    public var publishing: Publishing?
    /// How many bytes a posted schematic may have. The default is 1 MiB.
    public var schematicLimit = 1 << 20

    /// Where loaders are looked for in any case; not each of these folders is on every host.
    static let usualLoaderFolders = ["/usr/lib/slipway/loaders", "/usr/lib/ipxe", "/boot"]

    /// The defaults.
    public init() {}
}
