import ArgumentParser
import Assembly
import Logging
import NetworkTypes
import TFTPService

extension ApplianceSettings.DHCPListening: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}

/// The store, which most commands need.
struct StoreOptions: ParsableArguments {
    @Option(
        help: OptionValues.help(
            "The folder with releases, schematics and built segments.", default: ApplianceSettings().store, "folder"),
        transform: OptionValues.path)
    var store = ApplianceSettings().store

    /// The folder, absolute.
    var folder: String { absolute(store) }
}

/// Where the daemon is reached: what URLs and images carry.
struct AddressOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("An interface to answer on; may be repeated. The default is all.", valueName: "name"),
        transform: OptionValues.interface)
    var interface: [String] = []

    @Option(
        help: OptionValues.help(
            "The TCP port of HTTP; 0 takes any that is free.", default: ApplianceSettings().httpPort, "port"),
        transform: OptionValues.number(UInt16.min...UInt16.max))
    var httpPort = ApplianceSettings().httpPort

    @Option(
        help: ArgumentHelp(
            "The URL that images and factory scripts give as this factory's. The default is made of the first interface's "
                + "address and the HTTP port.", valueName: "url"), transform: OptionValues.baseURL)
    var externalURL: BaseURL?
}

/// Who boots what, and with which loaders.
struct RackOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The machines file: who boots what.", valueName: "file"), transform: OptionValues.path)
    var config: String?

    @Option(
        help: OptionValues.help(
            "A folder of your own files, served beside the loaders.", default: ApplianceSettings().tftpRoot, "folder"),
        transform: OptionValues.path)
    var tftpRoot = ApplianceSettings().tftpRoot

    @Option(
        name: .customLong("loader-folder"),
        help: ArgumentHelp(
            "A folder to look for iPXE in before the usual ones; may be repeated.", valueName: "folder"),
        transform: OptionValues.path)
    var loaderFolders: [String] = []
}

/// How a running daemon serves.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How the DHCP proxy listens: automatic and capture leave ports 67 and 4011 to a DHCP server on this host; socket holds them; off.",
            valueName: "mode"))
    var dhcp = ApplianceSettings().dhcp

    @Flag(name: .customLong("no-tftp"), help: "Do not serve TFTP.")
    var withoutTFTP = false

    @Option(
        help: OptionValues.help(
            "The UDP port of TFTP; 0 takes any that is free.", default: ApplianceSettings().tftpPort, "port"),
        transform: OptionValues.number(UInt16.min...UInt16.max))
    var tftpPort = ApplianceSettings().tftpPort

    @Option(
        help: OptionValues.help(
            "How many TFTP transfers may be under way at once. Beyond them, those whose client does not answer give way to "
                + "new ones.", default: ApplianceSettings().tftpTransfers, "n"),
        transform: OptionValues.number(1...1_000_000))
    var tftpTransfers = ApplianceSettings().tftpTransfers

    @Option(
        help: OptionValues.help(
            "How many TFTP transfers one client address may have; raise it where many machines come from one address (NAT, "
                + "containers).", default: ApplianceSettings().tftpTransfersPerClient, "n"),
        transform: OptionValues.number(1...1024))
    var tftpTransfersPerClient = ApplianceSettings().tftpTransfersPerClient

    @Flag(help: "Send all of TFTP from the request port, for machines behind firewalls and address translation.")
    var tftpSinglePort = false

    @Option(
        name: .customLong("tftp-block-size"),
        help: ArgumentHelp(
            "The largest TFTP block in bytes: 1024 for all machines, 10.1.0.0/16=1418 for those of a network, whose path has "
                + "an MTU of 1450; may be repeated.", valueName: "[network=]bytes"),
        transform: OptionValues.blockSizeLimit)
    var tftpBlockSizes: [TFTPServer.BlockSizeLimit] = []

    @Option(
        help: OptionValues.help(
            "The address on which HTTP listens.", default: ApplianceSettings().httpAddress, "address"),
        transform: OptionValues.listenAddress)
    var httpAddress = ApplianceSettings().httpAddress

    @Option(
        help: ArgumentHelp(
            "An address and port on which /metrics is served by itself, or off. The default is "
                + "\(ApplianceSettings.MetricsListening.usualEndpoint), where nothing else is.",
            valueName: "address:port"),
        transform: OptionValues.metrics)
    var metricsAddress = ApplianceSettings().metrics

    @Option(
        name: .customLong("config-network"),
        help: ArgumentHelp(
            "A network beyond a router, as in 10.1.0.0/16, whose machines are given their configurations although nothing "
                + "there proves who asks; may be repeated. The default is none.", valueName: "network"),
        transform: OptionValues.network)
    var configurationNetworks: [IPv4Network] = []

    @Option(
        help: ArgumentHelp(
            "How many builds run at once and share the processors. The default is the number of processors.",
            valueName: "n"), transform: OptionValues.number(1...1024))
    var builds: Int?

    @Option(
        help: OptionValues.help(
            "How many builds may wait before more are refused.", default: ApplianceSettings().waitingBuilds, "n"),
        transform: OptionValues.number(0...1_000_000))
    var waitingBuilds = ApplianceSettings().waitingBuilds

    @Option(
        help: ArgumentHelp(
            "A folder into which finished images are put as files that another web server has below --published-assets-url: "
                + "downloads are sent there, machines that boot are not. The default is none.", valueName: "folder"),
        transform: OptionValues.path)
    var publishedAssets: String?

    @Option(
        help: ArgumentHelp("The URL below which others get what is in --published-assets.", valueName: "url"),
        transform: OptionValues.baseURL)
    var publishedAssetsURL: BaseURL?

    mutating func validate() throws {
        guard (publishedAssets == nil) == (publishedAssetsURL == nil) else {
            throw ValidationError(
                "--published-assets and --published-assets-url go together: name the folder that another web server serves, and "
                    + "the URL at which it does")
        }
    }

    /// Where finished assets are put.
    var publishing: ApplianceSettings.Publishing? {
        guard let publishedAssets, let publishedAssetsURL else { return nil }
        return ApplianceSettings.Publishing(folder: absolute(publishedAssets), url: publishedAssetsURL)
    }
}

/// What is taken of schematics.
struct SchematicOptions: ParsableArguments {
    @Option(
        help: OptionValues.help(
            "How many bytes a posted schematic may have.", default: ApplianceSettings().schematicLimit, "bytes"),
        transform: OptionValues.number(1024...(64 << 20)))
    var schematicLimit = ApplianceSettings().schematicLimit
}

/// All settings of the daemon.
struct SettingsOptions: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var address: AddressOptions
    @OptionGroup var rack: RackOptions
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var schematics: SchematicOptions

    var settings: ApplianceSettings { ApplianceSettings(store, address, rack, daemon, schematics) }
}

extension ApplianceSettings {
    /// The settings that the options of a command give.
    init(
        _ store: StoreOptions, _ address: AddressOptions, _ rack: RackOptions, _ daemon: DaemonOptions,
        _ schematics: SchematicOptions
    ) {
        self.init()
        self.store = store.folder
        machinesFile = rack.config
        interfaces = address.interface
        dhcp = daemon.dhcp
        servesTFTP = !daemon.withoutTFTP
        tftpPort = daemon.tftpPort
        tftpTransfers = daemon.tftpTransfers
        tftpTransfersPerClient = daemon.tftpTransfersPerClient
        tftpSinglePort = daemon.tftpSinglePort
        tftpBlockSizes = daemon.tftpBlockSizes
        tftpRoot = absolute(rack.tftpRoot)
        httpAddress = daemon.httpAddress
        httpPort = address.httpPort
        metrics = daemon.metricsAddress
        externalURL = address.externalURL
        loaderFolders = rack.loaderFolders + loaderFolders
        configurationNetworks = daemon.configurationNetworks
        builds = daemon.builds
        waitingBuilds = daemon.waitingBuilds
        publishing = daemon.publishing
        schematicLimit = schematics.schematicLimit
    }
}

/// A logger for a command. Commands other than the daemon say only what is wrong.
func makeLogger(_ level: Logger.Level) -> Logger { Logger(label: "slipway") { _ in LineLog(level: level) } }
