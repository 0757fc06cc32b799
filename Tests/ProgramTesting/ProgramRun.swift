import Foundation
import Glibc

/// A program that was run to its end.
public struct ProgramRun: Sendable {
    /// Its exit status, as shells say it.
    public let status: Int32
    /// What it wrote to its standard output.
    public let output: [UInt8]
    /// What it wrote to its standard error.
    public let errors: [UInt8]
    private let command: String

    /// An environment in which programs say the same on every machine.
    public static let plainEnvironment = [
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC",
    ]

    /// Runs a program, and blocks until it has ended. Files and not pipes are its input and output, so that nothing fills up.
    ///
    /// - Parameters:
    ///   - program: Its path, or its name if it lies in the environment's PATH.
    ///   - folder: Its working folder; this process' own by default.
    ///   - input: The path of a file that it reads; none by default.
    public init(
        _ program: String, _ arguments: [String], in folder: String? = nil, input: String? = nil,
        environment: [String: String] = plainEnvironment
    ) throws {
        let (output, errors) = (try Self.temporaryFile(), try Self.temporaryFile())
        let source = try input.map { try FileHandle(forReadingFrom: URL(filePath: $0)) }
        // The child's PATH counts, and not this process'.
        status = try ChildProcess(
            ["/usr/bin/env", program] + arguments, environment: environment, directory: folder,
            input: source?.fileDescriptor, output: output.fileDescriptor, errors: errors.fileDescriptor
        ).wait()
        try source?.close()
        func content(_ file: FileHandle) throws -> [UInt8] {
            try file.seek(toOffset: 0)
            return [UInt8](try file.readToEnd() ?? Data())
        }
        self.output = try content(output)
        self.errors = try content(errors)
        command = ([program] + arguments).joined(separator: " ")
    }

    /// Itself, if the program ended with zero.
    /// - Throws: ``ProgramError`` with what it said if it did not.
    @discardableResult
    public func checked() throws(ProgramError) -> ProgramRun {
        guard status == 0 else {
            throw ProgramError(
                "\(command) ended with \(status): \(String(decoding: errors.suffix(1000), as: UTF8.self))")
        }
        return self
    }

    /// A file without a name, which goes with its last descriptor.
    private static func temporaryFile() throws -> FileHandle {
        var path = Array("\(FileManager.default.temporaryDirectory.path)/slipway-run-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw ProgramError("no temporary file: \(String(cString: strerror(errno)))") }
        unlink(path)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
