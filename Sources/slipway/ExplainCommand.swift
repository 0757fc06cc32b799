import ArgumentParser
import Assembly
import Logging
import Machines
import NetworkTypes
import Settings
import Stores
import TalosModel

extension Architecture: ExpressibleByArgument {}

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a machine would be offered and would boot, and why.",
        discussion: """
            The matched rule, the answer to each kind of firmware, the script, the command line, the assets. It asks the same \
            code that the daemon runs, reads the same files, and changes nothing. With --server it also shows the machine's \
            last boots as the running daemon saw them, and takes the machine's architecture and the loaders from there.
            """)

    @Argument(help: "The machine's MAC address.", transform: OptionValues.mac)
    var mac: MACAddress

    @Option(
        help:
            "Its architecture: amd64 or arm64. The default is what it told the daemon that --server names, else amd64.")
    var arch: Architecture?

    @Option(help: "Its SMBIOS UUID.", transform: OptionValues.uuid)
    var uuid: SystemUUID?

    @Option(help: "Its SMBIOS serial number.")
    var serial: String?

    @Option(
        help: ArgumentHelp("A running daemon to ask for the machine's last boots.", valueName: "url"),
        transform: OptionValues.daemonURL)
    var server: BaseURL?

    @OptionGroup var file: SettingsFileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var address: AddressOptions
    @OptionGroup var rack: RackOptions
    // Those of `serve` that make no difference here are taken, so that the same options can be given to both.
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions
    @OptionGroup(visibility: .hidden) var schematics: SchematicOptions

    @Flag(help: "Print it as JSON.")
    var json = false

    func run() async throws {
        var identity = MachineIdentity(mac: mac, uuid: uuid, serial: serial, architecture: arch)
        var timeline: String?
        var loaders: Set<String>?
        let settings = try file.settings(store, address, rack, daemon, schematics)
        do {
            let appliance = try Appliance(
                settings: settings, version: slipwayVersion, access: .readOnly, logger: makeLogger(.critical))
            if let server {
                let query = DaemonQuery(server: server)
                let text = try query.timeline(of: mac)
                timeline = text
                identity.architecture =
                    arch ?? Explanation.architecture(inTimeline: text).flatMap { Architecture(rawValue: $0) }
                loaders = Set(try Appliance.loaderNames.filter { try query.has(ServicePath.loader($0)) })
            }
            var explanation = try await appliance.explain(identity, daemonLoaders: loaders)
            explanation.timeline = timeline
            if json { try printJSON(explanation) } else { print(TerminalText.lines(explanation.text)) }
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }
}
