import ArgumentParser
import Assembly
import Settings
import Stores

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Shows what the store holds, and removes what nothing needs.",
        subcommands: [Stats.self, Clean.self])

    /// How long what nothing needs has to stay.
    struct AgeOptions: ParsableArguments {
        @Option(
            help: OptionValues.help(
                "How many minutes a blob has been there, and the last import is over, before one may be removed.",
                default: StoreCleaner.usualAge, "minutes"), transform: OptionValues.number(0...525_600))
        var olderThan = StoreCleaner.usualAge
    }

    struct Stats: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stats", abstract: "Shows how much of what the store holds, and what no record names.")

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions
        @OptionGroup var age: AgeOptions

        @Flag(help: "Print the figures as JSON.")
        var json = false

        func run() throws {
            let folder = try file.settings(options).store
            try becomeOwner(of: folder)
            try endingWithSentence {
                let store = try EmbeddedStore(root: folder, access: .readOnly)
                let figures = StoreFigures(try StoreCleaner(store, minutes: age.olderThan).survey())
                if json { try printJSON(figures) } else { print(figures.text) }
            }
        }
    }

    struct Clean: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gc", abstract: "Removes the blobs that no record names.",
            discussion: """
                A newer import of a release, or one that was interrupted, leaves content that nothing refers to. It works beside \
                a running daemon and beside imports. Within the time of --older-than after an import nothing is removed: what it \
                replaced may be on its way to machines.
                """)

        @OptionGroup var file: SettingsFileOptions
        @OptionGroup var options: StoreOptions
        @OptionGroup var age: AgeOptions

        @Flag(help: "Show what would be removed, and remove nothing.")
        var dryRun = false

        @Flag(help: "Print the figures as JSON.")
        var json = false

        func run() throws {
            let folder = try file.settings(options).store
            try becomeOwner(of: folder)
            try endingWithSentence {
                // One that is not there is not made.
                try EmbeddedStore.requireStore(at: folder)
                let store = try EmbeddedStore(root: folder, access: dryRun ? .readOnly : .readWrite)
                let cleaner = StoreCleaner(store, minutes: age.olderThan)
                let survey = try cleaner.survey()
                let removed =
                    dryRun ? StoreFigures.Amount(survey.removable) : StoreFigures.Amount(try cleaner.remove(survey))
                let report = CleaningReport(
                    removed: removed, left: StoreFigures.Amount(survey.unnamed).less(removed), dryRun: dryRun)
                if json { try printJSON(report) } else { print(report.text(minutes: age.olderThan)) }
            }
        }
    }
}
