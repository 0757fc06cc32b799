import Appliance
import ArgumentParser
import Logging
import Machines
import NetworkTypes
import Stores
import TalosModel

extension Architecture: ExpressibleByArgument {}
extension MACAddress: ExpressibleByArgument {
    public init?(argument: String) { self.init(parsing: argument) }
}
extension SystemUUID: ExpressibleByArgument {
    public init?(argument: String) { self.init(parsing: argument) }
}

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a machine would be offered and would boot, and why.",
        discussion: """
            The matched rule, the answer to each kind of firmware, the script, the command line, the assets. It asks the same \
            code that the daemon runs, reads the same files, and changes nothing. With --server it also shows the machine's \
            last boots as the running daemon saw them.
            """)

    @Argument(help: "The machine's MAC address.")
    var mac: MACAddress

    @Option(help: "Its architecture: amd64 or arm64.")
    var arch = Architecture.amd64

    @Option(help: "Its SMBIOS UUID.")
    var uuid: SystemUUID?

    @Option(help: "Its SMBIOS serial number.")
    var serial: String?

    @Option(help: ArgumentHelp("A running daemon to ask for the machine's last boots.", valueName: "url"))
    var server: String?

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print it as JSON.")
    var json = false

    func run() async throws {
        let identity = MachineIdentity(mac: mac, uuid: uuid, serial: serial, architecture: arch)
        do {
            let appliance = try Appliance(
                settings: options.settings, version: slipwayVersion, access: .readOnly, logger: makeLogger(.critical))
            var explanation = try await appliance.explain(identity)
            if let server {
                explanation.timeline = try DaemonQuery(server: server).text(at: "/machines/\(mac.hyphenated)")
            }
            if json { try printJSON(explanation) } else { print(explanation.text) }
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }
}
