import ConfigurationYAML

/// A machines file that is refused, with everything that is wrong in it.
public struct MachinesFileError: Error, Hashable, Sendable {
    /// The problems in the order of the file; never empty.
    public var problems: [ConfigurationProblem]
    /// How many more there are than are listed.
    public var unlisted: Int

    /// What was found, which is something.
    init(_ problems: ProblemList) {
        self.problems = problems.ordered
        unlisted = problems.unlisted
    }
}

extension MachinesFileError: CustomStringConvertible {
    /// A line for each problem.
    public var description: String {
        (problems.map(\.description) + (unlisted > 0 ? ["and \(unlisted) more problems"] : []))
            .joined(separator: "\n")
    }
}
