import Logging
import NetworkTypes

/// Everything that an operator can set, with its default.
///
/// Sources from the weakest to the strongest: what stands here, the settings file, variables of the environment, flags. Whoever
/// reads a value need not know which; what is said about one names its source by ``Setting/title``. docs/settings.md is made of
/// these declarations.
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

    @Setting(
        "interfaces", flag: "interface", listOf: .interface,
        "The interfaces on which machines are answered. The default is every one that is up, has an IPv4 address and is not the "
            + "loopback.")
    public var interfaces: [String] = []

    @Setting(
        "machines", flag: "config", optional: .file,
        "The machines file: who boots what. While the default one is not there, the daemon serves images and no machine; one that "
            + "is named must be there. With null there is none.")
    public var machinesFile: String? = "/etc/slipway/machines.yaml"

    @Setting("http.address", flag: "http-address", .address, "The address on which HTTP listens.")
    public var httpAddress: ListenAddress = .any

    @Setting(
        "http.port", flag: "http-port", .number(UInt16.min...UInt16.max, "port"),
        "The TCP port of HTTP; 0 takes any that is free.")
    public var httpPort: UInt16 = 8080

    @Setting(
        "http.external-url", flag: "external-url", optional: .url,
        "The URL that images and factory scripts give as this factory's. The default is made of the first interface's address and "
            + "the HTTP port.")
    public var externalURL: BaseURL? = nil

    @Setting(
        "metrics.address", flag: "metrics-address", .addressOrOff,
        "The address on which /metrics is served by itself, where nothing else is; off for none. The flag has the port, too, as in "
            + "127.0.0.1:2122.")
    public var metricsAddress: ListenAddress? = .loopback

    @Setting(
        "metrics.port", .number(UInt16.min...UInt16.max, "port"),
        "The TCP port on which /metrics is served by itself; 0 takes any that is free. Where another program holds the default one, "
            + "and nobody has set address or port, they are served with HTTP only.")
    public var metricsPort: UInt16 = 2122

    @Setting(
        "dhcp", flag: "dhcp", .word("mode"),
        "How the DHCP proxy listens: automatic and capture leave ports 67 and 4011 to a DHCP server on this host; socket holds "
            + "them; off.")
    public var dhcp: DHCPListening = .automatic

    @Setting("tftp.enabled", flag: "no-tftp", .truth, "Whether TFTP is served.")
    public var servesTFTP: Bool = true

    @Setting(
        "tftp.port", flag: "tftp-port", .number(UInt16.min...UInt16.max, "port"),
        "The UDP port of TFTP, which for firmware is 69; 0 takes any that is free.")
    public var tftpPort: UInt16 = 69

    @Setting(
        "tftp.root", flag: "tftp-root", .folder, "A folder of your own files, served beside the loaders if it is there."
    )
    public var tftpRoot: String = "/srv/slipway/tftp-root"

    @Setting(
        "tftp.transfers", flag: "tftp-transfers", .number(1...1_000_000),
        "How many TFTP transfers may be under way at once. Beyond them, those whose client does not answer give way to new ones."
    )
    public var tftpTransfers: Int = 4096

    @Setting(
        "tftp.transfers-per-address", flag: "tftp-transfers-per-client", .number(1...1024),
        "How many TFTP transfers one client address may have; raise it where many machines come from one address (NAT, "
            + "containers).")
    public var tftpTransfersPerAddress: Int = 8

    @Setting(
        "tftp.single-port", flag: "tftp-single-port", .truth,
        "Whether all of TFTP is sent from the request port, for machines behind firewalls and address translation.")
    public var tftpSinglePort: Bool = false

    @Setting(
        "loader-folders", flag: "loader-folder", listOf: .folder, "Folders to look for iPXE in before the usual ones.")
    public var chosenLoaderFolders: [String] = []

    @Setting(
        "networks.*.block-size", flag: "tftp-block-size",
        by: .networks, .number(8...65464, "bytes", example: "1418"), alone: .value(of: "0.0.0.0/0"),
        "The largest TFTP block in bytes for machines of a network, or of 0.0.0.0/0 for all: 1418 where the path to them has an "
            + "MTU of 1450. The smallest counts. The default is what fits the link's MTU, 1468 at most.")
    public var tftpBlockSizes: NamedValues<IPv4Network, Int> = .init()

    @Setting(
        "networks.*.configurations", flag: "config-network", by: .networks, .truth, alone: .name("true"),
        "Whether machines of a network beyond a router are given their configurations although nothing there proves who asks."
    )
    public var configurationsByNetwork: NamedValues<IPv4Network, Bool> = .init()

    @Setting(
        "store.path", flag: "store", .folder, "The folder with releases, schematics and built segments.")
    public var store: String = "/var/lib/slipway"

    @Setting(
        "releases.registry", flag: "registry", .registry,
        "The registry that releases come from. It may have mirrors, under registries.")
    public var releaseRegistry: Authority = .github

    @Setting(
        "releases.namespace", flag: "namespace", optional: .namespace,
        "What stands before the names of repositories there: with mirror, the imager is mirror/siderolabs/imager.")
    public var releaseNamespace: String? = nil

    @Setting(
        "registries.*.mirror-of", by: .registries, .registry, alone: .none,
        "The registry whose images this one has. Of several mirrors the first is asked first.")
    public var mirroredRegistries: NamedValues<Authority, Authority> = .init()

    @Setting(
        "registries.*.ca", by: .registries, .file, alone: .none,
        "A file of certificates in PEM that are trusted beside the system's.")
    public var registryAuthorities: NamedValues<Authority, String> = .init()

    @Setting(
        "registries.*.insecure", by: .registries, .truth, alone: .name("true"),
        "Whether it is spoken with over plain http. The default is yes for this host and private addresses without a ca."
    )
    public var insecureRegistries: NamedValues<Authority, Bool> = .init()

    @Setting("registries.*.username", by: .registries, .user, alone: .none, "The user as whom it is asked.")
    public var registryUsers: NamedValues<Authority, String> = .init()

    @Setting(
        "registries.*.password-file", by: .registries, .file, alone: .none,
        "A file with the user's password and nothing else.")
    public var registryPasswordFiles: NamedValues<Authority, String> = .init()

    @Setting(
        "registries.*.password", by: .registries, .password, alone: .none,
        "The user's password, where no file has it. It is taken from the environment only; one with a comma needs a file."
    )
    public var registryPasswords: NamedValues<Authority, String> = .init()

    @Setting(
        "builds.at-once", flag: "builds", optional: .number(1...1024),
        "How many builds run at once and share the processors. The default is the number of processors.")
    public var builds: Int? = nil

    @Setting(
        "builds.waiting", flag: "waiting-builds", .number(0...1_000_000),
        "How many builds may wait before more are refused.")
    public var waitingBuilds: Int = 256

    @Setting(
        "schematics.size-limit", flag: "schematic-limit", .number(1024...(64 << 20), "bytes"),
        "How many bytes a posted schematic may have.")
    public var schematicLimit: Int = 1 << 20

    @Setting(
        "published-assets.folder", flag: "published-assets", optional: .folder,
        "A folder into which finished images are put as files that another web server has below published-assets.url: downloads are "
            + "sent there, machines that boot are not. The default is none.")
    public var publishedAssetsFolder: String? = nil

    @Setting(
        "published-assets.url", flag: "published-assets-url", optional: .url,
        "The URL below which others get what is in published-assets.folder.")
    public var publishedAssetsURL: BaseURL? = nil

    @Setting("log-level", flag: "log-level", .word("level"), "The least that is logged.")
    public var logLevel: Logger.Level = .info

    /// The defaults.
    public static let usual = ApplianceSettings()

    /// The defaults.
    public init() {}
}

extension ApplianceSettings {
    /// Every setting, in the order in which they are shown. A section's settings stand together.
    static let all: [SettingPlace] = [
        SettingPlace(\.$interfaces), SettingPlace(\.$machinesFile), SettingPlace(\.$httpAddress),
        SettingPlace(\.$httpPort),
        SettingPlace(\.$externalURL), SettingPlace(\.$metricsAddress), SettingPlace(\.$metricsPort),
        SettingPlace(\.$dhcp),
        SettingPlace(\.$servesTFTP), SettingPlace(\.$tftpPort), SettingPlace(\.$tftpRoot),
        SettingPlace(\.$tftpTransfers),
        SettingPlace(\.$tftpTransfersPerAddress), SettingPlace(\.$tftpSinglePort), SettingPlace(\.$chosenLoaderFolders),
        SettingPlace(\.$store), SettingPlace(\.$builds), SettingPlace(\.$waitingBuilds),
        SettingPlace(\.$schematicLimit), SettingPlace(\.$publishedAssetsFolder), SettingPlace(\.$publishedAssetsURL),
        SettingPlace(\.$logLevel),
        SettingPlace(\.$releaseRegistry), SettingPlace(\.$releaseNamespace), SettingPlace(\.$mirroredRegistries),
        SettingPlace(\.$registryAuthorities), SettingPlace(\.$insecureRegistries), SettingPlace(\.$registryUsers),
        SettingPlace(\.$registryPasswordFiles), SettingPlace(\.$registryPasswords), SettingPlace(\.$tftpBlockSizes),
        SettingPlace(\.$configurationsByNetwork),
    ]

    /// What is known in advance about each of them.
    public static let declarations = all.map(\.declaration)
}

/// A setting among the others, whatever its type.
struct SettingPlace: Sendable {
    let declaration: SettingDeclaration
    let setting: @Sendable (ApplianceSettings) -> any AnySetting
    let begin: @Sendable (inout ApplianceSettings, SettingOrigin) -> Void
    let give: @Sendable (inout ApplianceSettings, SettingText, SettingOrigin) throws(SettingFault) -> Void

    init<Value>(_ path: any WritableKeyPath<ApplianceSettings, Setting<Value>> & Sendable) {
        declaration = ApplianceSettings.usual[keyPath: path].declaration
        setting = { $0[keyPath: path] }
        begin = { $0[keyPath: path].begin(from: $1) }
        give = { settings, text, origin throws(SettingFault) in try settings[keyPath: path].give(text, from: origin) }
    }
}
