/// Something wrong in a configuration file, or in a file that it names.
public struct ConfigurationProblem: Hashable, Sendable {
    /// The configuration file's path, as it was given.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column in characters, from 1.
    public var column: Int
    /// What is wrong.
    public var message: String
    /// What to do about it.
    public var remedy: String
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `file:line:column: message; remedy`, which editors can jump to.
    public var description: String { "\(file):\(line):\(column): \(message); \(remedy)" }
}

/// Gathers problems while a file is read.
public final class ProblemList {
    /// More than anybody reads at once; a file of 100,000 machines can have a fault in each.
    private static let limit = 500

    let file: String
    private var problems: [ConfigurationProblem] = []
    /// How many there are beyond those that are listed.
    public private(set) var unlisted = 0
    /// Lines on which one fault has been found that makes others.
    private var settledLines: Set<Int> = []

    /// An empty list of the problems of a file.
    public init(file: String) { self.file = file }

    /// Adds a problem. Its text is only made if it is listed.
    public func add(
        _ position: TextPosition, _ message: @autoclosure () -> String, _ remedy: @autoclosure () -> String
    ) {
        guard !settledLines.contains(position.line) else { return }
        guard problems.count < Self.limit else {
            unlisted += 1
            return
        }
        problems.append(
            ConfigurationProblem(
                file: file, line: position.line, column: position.column, message: message(), remedy: remedy()))
    }

    /// Passes over further problems on these lines, which have one already that explains them.
    func settle(_ lines: some Sequence<Int>) { settledLines.formUnion(lines) }

    /// Whether nothing was added.
    public var isEmpty: Bool { problems.isEmpty }

    /// The listed ones in the order of the file.
    public var ordered: [ConfigurationProblem] {
        problems.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }
}
