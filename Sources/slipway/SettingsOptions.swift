import Appliance
import ArgumentParser
import Logging
import TFTPService

extension ApplianceSettings.DHCPListening: ExpressibleByArgument {}
extension TFTPServer.BlockSizeLimit: ExpressibleByArgument {
    public init?(argument: String) { self.init(parsing: argument) }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

/// The store, which most commands need.
struct StoreOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The folder with releases, schematics and built segments.", valueName: "folder"))
    var store = ApplianceSettings().store

    /// The folder, absolute.
    var folder: String { absolute(store) }
}

/// The settings of the daemon, for every command that has to know what it would do.
struct SettingsOptions: ParsableArguments {
    @OptionGroup var storeOptions: StoreOptions

    @Option(help: ArgumentHelp("The machines file: who boots what.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("An interface to answer on; may be repeated. The default is all.", valueName: "name"))
    var interface: [String] = []

    @Option(
        help: ArgumentHelp(
            "How the DHCP proxy listens: automatic and capture leave ports 67 and 4011 to a DHCP server on this host; socket holds them; off.",
            valueName: "mode"))
    var dhcp = ApplianceSettings().dhcp

    @Flag(name: .customLong("no-tftp"), help: "Do not serve TFTP.")
    var withoutTFTP = false

    @Option(help: ArgumentHelp("The UDP port of TFTP.", valueName: "port"))
    var tftpPort = ApplianceSettings().tftpPort

    @Option(
        help: ArgumentHelp(
            "How many TFTP transfers may be under way at once. Beyond them, those whose client does not answer give way to "
                + "new ones.", valueName: "n"))
    var tftpTransfers = ApplianceSettings().tftpTransfers

    @Option(
        help: ArgumentHelp(
            "How many TFTP transfers one client address may have; raise it where many machines come from one address (NAT, "
                + "containers).", valueName: "n"))
    var tftpTransfersPerClient = ApplianceSettings().tftpTransfersPerClient

    @Flag(help: "Send all of TFTP from the request port, for machines behind firewalls and address translation.")
    var tftpSinglePort = false

    @Option(
        name: .customLong("tftp-block-size"),
        help: ArgumentHelp(
            "The largest TFTP block in bytes: 1024 for all machines, 10.1.0.0/16=1418 for those of a network, whose path has "
                + "an MTU of 1450; may be repeated.", valueName: "[network=]bytes"))
    var tftpBlockSizes: [TFTPServer.BlockSizeLimit] = []

    @Option(help: ArgumentHelp("A folder of your own files, served beside the loaders.", valueName: "folder"))
    var tftpRoot: String = ApplianceSettings().tftpRoot

    @Option(help: ArgumentHelp("The address on which HTTP listens.", valueName: "address"))
    var httpAddress = ApplianceSettings().httpAddress

    @Option(help: ArgumentHelp("The TCP port of HTTP.", valueName: "port"))
    var httpPort = ApplianceSettings().httpPort

    @Option(
        help: ArgumentHelp(
            "The URL that images and factory scripts give as this factory's. The default is made of the first interface's "
                + "address and the HTTP port.", valueName: "url"))
    var externalURL: String?

    @Option(
        name: .customLong("loader-folder"),
        help: ArgumentHelp(
            "A folder to look for iPXE in before the usual ones; may be repeated.", valueName: "folder"))
    var loaderFolders: [String] = []

    @Option(help: ArgumentHelp("How many builds run at once. The default is the number of processors.", valueName: "n"))
    var builds: Int?

    @Option(help: ArgumentHelp("How many builds may wait before more are refused.", valueName: "n"))
    var waitingBuilds = ApplianceSettings().waitingBuilds

    @Option(help: ArgumentHelp("How many bytes a posted schematic may have.", valueName: "bytes"))
    var schematicLimit = ApplianceSettings().schematicLimit

    func validate() throws {
        if let builds, builds < 1 { throw ValidationError("--builds must be 1 or more") }
        if waitingBuilds < 0 { throw ValidationError("--waiting-builds must be 0 or more") }
        if !(1024...(64 << 20)).contains(schematicLimit) {
            throw ValidationError("--schematic-limit must be between 1024 and \(64 << 20)")
        }
        if !(1...1_000_000).contains(tftpTransfers) {
            throw ValidationError("--tftp-transfers must be between 1 and 1000000")
        }
        if !(1...1024).contains(tftpTransfersPerClient) {
            throw ValidationError("--tftp-transfers-per-client must be between 1 and 1024")
        }
        if let externalURL, !externalURL.hasPrefix("http://"), !externalURL.hasPrefix("https://") {
            throw ValidationError("--external-url must begin with http:// or https://")
        }
    }

    var settings: ApplianceSettings {
        var settings = ApplianceSettings()
        settings.store = storeOptions.folder
        settings.machinesFile = config
        settings.interfaces = interface
        settings.dhcp = dhcp
        settings.servesTFTP = !withoutTFTP
        settings.tftpPort = tftpPort
        settings.tftpTransfers = tftpTransfers
        settings.tftpTransfersPerClient = tftpTransfersPerClient
        settings.tftpSinglePort = tftpSinglePort
        settings.tftpBlockSizes = tftpBlockSizes
        settings.tftpRoot = absolute(tftpRoot)
        settings.httpAddress = httpAddress
        settings.httpPort = httpPort
        settings.externalURL = externalURL
        settings.loaderFolders = loaderFolders + settings.loaderFolders
        settings.builds = builds
        settings.waitingBuilds = waitingBuilds
        settings.schematicLimit = schematicLimit
        return settings
    }
}

/// A logger for a command. Commands other than the daemon say only what is wrong.
func makeLogger(_ level: Logger.Level) -> Logger { Logger(label: "slipway") { _ in LineLog(level: level) } }
