import ArgumentParser
import Glibc

/// The command line, and nothing else: each subcommand is a file that reads arguments and calls a module.
@main
struct SlipwayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway",
        abstract: "Boots bare metal into Talos Linux images that it builds itself.",
        discussion: """
            One daemon is DHCP proxy, TFTP and HTTP server, and Image Factory. A machines file says which machine boots which \
            schematic at which version; releases are imported once, and from then on no network but the rack's is needed.

              slipway release import v1.13.5            bring a release into the store
              slipway check --config machines.yaml      find every mistake before it matters
              slipway explain 52:54:00:12:34:56         what this machine would boot, and why
              slipway serve --interface eth0            answer the rack
            """,
        version: slipwayVersion,
        subcommands: [
            ServeCommand.self, CheckCommand.self, ExplainCommand.self, SettingsCommand.self, SchematicCommand.self,
            BuildCommand.self,
            ReleaseCommand.self, StoreCommand.self,
        ])

    static func main() async {
        StandardDescriptors.fill()
        if let problem = CommandNames.problem(in: Array(CommandLine.arguments.dropFirst())) { exit(withError: problem) }
        await main(nil)
    }
}

/// Standard input, output and error, which whoever starts a program may have closed.
private enum StandardDescriptors {
    /// Puts something into the place of each that is closed, so that no file or socket gets its number and is written to by mistake.
    /// Reading and writing fail as they do on closed ones.
    static func fill() {
        // A new descriptor gets the lowest number that is free.
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFL) < 0 {
            _ = open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
