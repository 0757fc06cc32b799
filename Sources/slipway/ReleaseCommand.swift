import ArgumentParser
import Assembly
import Releases
import Settings
import Stores

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Brings Talos releases into the store, lists them, and hands them on.",
        subcommands: [Import.self, List.self, Export.self, Remove.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Shows the releases in the store with their extensions and overlays.")

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions

        @Flag(help: "Print the list as JSON.")
        var json = false

        func run() throws {
            let folder = try file.settings(options).store
            try becomeOwner(of: folder)
            try endingWithSentence {
                let catalog = try ReleaseCatalog(store: EmbeddedStore(root: folder, access: .readOnly))
                let known = catalog.snapshot
                let releases = known.versions.compactMap { known.summary($0) }
                if json {
                    try printJSON(releases.map(ReleaseDocument.init))
                } else {
                    for release in releases { print(ReleaseDocument(release).text) }
                    if releases.isEmpty { print("no releases; 'slipway release import PATH' brings one in") }
                }
                for problem in catalog.problems { printError(TerminalText.line("slipway: \(problem)")) }
            }
        }
    }
}
