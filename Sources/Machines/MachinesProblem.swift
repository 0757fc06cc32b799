/// Something wrong in a machines file, or in a file that it names.
public struct MachinesProblem: Hashable, Sendable {
    /// The machines file's path, as it was given.
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

extension MachinesProblem: CustomStringConvertible {
    /// `file:line:column: message; remedy`, which editors can jump to.
    public var description: String { "\(file):\(line):\(column): \(message); \(remedy)" }
}

/// A machines file that is refused, with everything that is wrong in it.
public struct MachinesFileError: Error, Hashable, Sendable {
    /// The problems in the order of the file; never empty.
    public var problems: [MachinesProblem]
    /// How many more there are than are listed.
    public var unlisted: Int
}

extension MachinesFileError: CustomStringConvertible {
    /// A line for each problem.
    public var description: String {
        (problems.map(\.description) + (unlisted > 0 ? ["and \(unlisted) more problems"] : []))
            .joined(separator: "\n")
    }
}

/// Gathers problems while a file is read.
final class ProblemList {
    /// More than anybody reads at once; a file of 100,000 machines can have a fault in each.
    private static let limit = 500

    let file: String
    private var problems: [MachinesProblem] = []
    private var unlisted = 0
    /// Lines on which one fault has been found that makes others.
    private var settledLines: Set<Int> = []

    init(file: String) { self.file = file }

    /// Adds a problem. Its text is only made if it is listed.
    func add(_ position: TextPosition, _ message: @autoclosure () -> String, _ remedy: @autoclosure () -> String) {
        guard !settledLines.contains(position.line) else { return }
        guard problems.count < Self.limit else {
            unlisted += 1
            return
        }
        problems.append(
            MachinesProblem(
                file: file, line: position.line, column: position.column, message: message(), remedy: remedy()))
    }

    /// Passes over further problems on these lines, which have one already that explains them.
    func settle(_ lines: some Sequence<Int>) { settledLines.formUnion(lines) }

    /// What to throw when anything was added.
    var error: MachinesFileError? {
        guard !problems.isEmpty else { return nil }
        let ordered = problems.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }
        return MachinesFileError(problems: ordered.map(\.element), unlisted: unlisted)
    }
}
