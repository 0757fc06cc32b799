import ArgumentParser
import Assembly

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Finds everything that is wrong with settings, machines file and schematics.",
        discussion: """
            Every problem at once, each with file, line and column where it has one, and what to do about it. Takes the \
            options of serve. Exits 1 if there is any.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print the problems as JSON.")
    var json = false

    func run() async throws {
        // What serve may not read, nor may this: serve gives up root's rights.
        try becomeOwner(of: options.store.folder)
        let problems = await Appliance.check(options.settings, version: slipwayVersion)
        if json {
            try printJSON(problems)
        } else {
            for problem in problems { printError(TerminalText.line(problem)) }
            if problems.isEmpty { print("no problems found") }
        }
        if !problems.isEmpty { throw ExitCode(1) }
    }
}
