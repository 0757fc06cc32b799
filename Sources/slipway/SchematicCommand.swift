import ArgumentParser
import Foundation
import Schematics
import Settings

struct SchematicCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schematic", abstract: "Reads schematics as the factory does.", subcommands: [ID.self, Show.self])

    /// What both subcommands take.
    struct Input: ParsableArguments {
        @Argument(
            help: ArgumentHelp("The schematic's file, or - for standard input.", valueName: "file"),
            transform: OptionValues.path)
        var file: String

        @OptionGroup var settingsFile: SettingsFileOptions
        @OptionGroup var options: SchematicOptions

        /// The schematic, where the daemon would take it.
        func schematic() throws -> Schematic {
            try SchematicText(file, limit: settingsFile.settings(options).schematicLimit).schematic
        }
    }

    struct ID: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "id", abstract: "Prints a schematic's ID.",
            discussion: "It is the SHA-256 of the canonical text, the same that factory.talos.dev gives.")
        @OptionGroup var input: Input

        func run() throws { print(try input.schematic().id) }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints a schematic in canonical form.")
        @OptionGroup var input: Input

        func run() throws {
            let text = Data(try input.schematic().canonicalText)
            do { try FileHandle.standardOutput.write(contentsOf: text) } catch {
                throw CommandFailure.exit(
                    "slipway: standard output cannot be written: the disk is full, or nobody reads it")
            }
        }
    }
}
