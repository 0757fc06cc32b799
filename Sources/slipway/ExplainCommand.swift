import Appliance
import ArgumentParser
import Foundation
import FoundationNetworking
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
            if let server { explanation.timeline = try await timeline(from: server) }
            if json { try printJSON(explanation) } else { print(explanation.text) }
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }

    private func timeline(from server: String) async throws -> String {
        guard let url = URL(string: "\(server)/machines/\(mac.hyphenated)"), url.host != nil else {
            throw CommandFailure.exit("slipway: '\(server)' is not a URL, as in http://10.77.0.2:8080")
        }
        var request = URLRequest(url: url)
        request.timeoutInterval = 10
        let answer: (body: Data, response: URLResponse)
        do { answer = try await URLSession.shared.data(for: request) } catch {
            throw CommandFailure.exit("slipway: \(server) does not answer: \(error.localizedDescription)")
        }
        let text = String(decoding: answer.body, as: UTF8.self)
        guard (answer.response as? HTTPURLResponse)?.statusCode == 200 else {
            throw CommandFailure.exit("slipway: \(server) says: \(text.trimmingCharacters(in: .newlines))")
        }
        return text
    }
}
