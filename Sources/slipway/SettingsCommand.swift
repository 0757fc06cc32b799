import ArgumentParser
import Assembly
import Settings

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Shows the settings in force, and where each comes from.",
        discussion: """
            It is a settings file, with a comment behind each value: the place in the settings file, the variable, the flag, or \
            that it is the default. Takes the options of serve. A daemon that systemd started may have others: it says those that \
            are no defaults in its log when it starts.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print them as JSON.")
    var json = false

    @Flag(help: .hidden)
    var documentation = false

    func run() throws {
        if documentation {
            print(SettingsDocumentation.page, terminator: "")
            return
        }
        let loaded = try options.load()
        for remark in loaded.remarks { printError(TerminalText.line(remark)) }
        let listing = SettingsListing(try loaded.accepted())
        if json { try printJSON(listing.entries) } else { print(TerminalText.lines(listing.text), terminator: "") }
    }
}
