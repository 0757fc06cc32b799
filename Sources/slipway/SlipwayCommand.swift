import ArgumentParser

/// The command line, and nothing else: each subcommand is a file that reads arguments and calls a module.
@main
struct SlipwayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Boots bare metal into Talos Linux images that it builds itself.",
        discussion: """
            One daemon is DHCP proxy, TFTP and HTTP server, and Image Factory. A machines file says which machine boots which \
            schematic at which version; releases are imported once, and from then on no network but the rack's is needed.

              slipway release import talos.tar          bring a release into the store
              slipway check --config machines.yaml      find every mistake before it matters
              slipway explain 52:54:00:12:34:56         what this machine would boot, and why
              slipway serve --interface eth0            answer the rack
            """,
        version: slipwayVersion,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ExplainCommand.self, SchematicCommand.self, BuildCommand.self,
            ReleaseCommand.self,
        ])

    static func main() async {
        if let problem = CommandNames.problem(in: Array(CommandLine.arguments.dropFirst())) { exit(withError: problem) }
        await main(nil)
    }
}
