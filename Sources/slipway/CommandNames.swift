import ArgumentParser
import ConfigurationYAML

/// Tells of a misspelt subcommand what it may have been; the parser takes it for an argument too many.
enum CommandNames {
    /// What is wrong with the names of subcommands that arguments begin with; nil if they are known.
    static func problem(in arguments: [String]) -> ValidationError? {
        var command: any ParsableCommand.Type = SlipwayCommand.self
        var path = [name(of: command)]
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = subcommands.first(where: { name(of: $0) == word }) else {
                let names = subcommands.map(name)
                let nearest = Spelling.nearest(to: word, among: names).map { "did you mean '\($0)'? " } ?? ""
                return ValidationError(
                    "'\(path.joined(separator: " "))' has no subcommand '\(word)'; \(nearest)"
                        + "it has \(names.joined(separator: ", "))")
            }
            command = next
            path.append(word)
        }
        return nil
    }

    private static func name(of command: any ParsableCommand.Type) -> String { command.configuration.commandName ?? "" }
}
