import ArgumentParser
import Assembly
import Settings

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
        // What serve may not read, nor may this: serve gives up root's rights. That holds for the settings file, too.
        try becomeOwner(of: try options.load().settings.store)
        let loaded = try options.load()
        var problems = loaded.problems
        if problems.isEmpty {
            problems = await Appliance.check(loaded.settings, version: slipwayVersion)
        } else {
            // Where the store and the loaders are is not certain then.
            problems += Appliance.checkMachinesFile(of: loaded.settings)
        }
        if json {
            try printJSON(problems)
        } else {
            for problem in problems { printError(TerminalText.line(problem)) }
            for remark in loaded.remarks { printError(TerminalText.line(remark)) }
            if let path = Appliance.missingMachinesFile(loaded.settings) {
                printError(TerminalText.line("there is no \(path), so no machine boots; write it, or name another"))
            }
            if problems.isEmpty { print("no problems found") }
        }
        if !problems.isEmpty { throw ExitCode(1) }
    }
}
