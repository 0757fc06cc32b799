import ProgramTesting

extension TemporaryFolder {
    /// Runs a program from the PATH in this folder, to its end.
    ///
    /// - Parameter input: The name of the file in this folder that it reads; none by default.
    /// - Returns: What it printed.
    /// - Throws: What it said when it does not end with zero.
    @discardableResult
    public func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> [UInt8] {
        try ProgramRun(program, arguments, in: path, input: input.map { "\(path)/\($0)" }).checked().output
    }
}
