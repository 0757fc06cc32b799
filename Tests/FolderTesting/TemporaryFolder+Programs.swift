import Foundation

extension TemporaryFolder {
    /// Why a program did not do what it was run for.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Runs a program from the PATH in this folder, to its end. Files and not pipes are its input and output, so that nothing fills up.
    ///
    /// - Parameter input: The name of the file in this folder that it reads; none by default.
    /// - Returns: What it printed.
    /// - Throws: ``Failure`` with what it said when it does not end with zero.
    @discardableResult
    public func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> [UInt8] {
        let mark = UUID()
        let (output, errors) = (try write(".output-\(mark)", ""), try write(".errors-\(mark)", ""))
        defer { for file in [output, errors] { try? FileManager.default.removeItem(atPath: file) } }
        func handle(_ path: String) throws -> FileHandle { try FileHandle(forWritingTo: URL(filePath: path)) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = URL(filePath: path)
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"]
        process.standardInput =
            try input.map { try FileHandle(forReadingFrom: URL(filePath: "\(path)/\($0)")) } ?? FileHandle.nullDevice
        (process.standardOutput, process.standardError) = (try handle(output), try handle(errors))
        try process.run()
        process.waitUntilExit()
        func content(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path))) }
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let said = String(decoding: try content(errors).suffix(1000), as: UTF8.self)
            throw Failure(description: "\(program) \(arguments) ended with \(process.terminationStatus): \(said)")
        }
        return try content(output)
    }
}
