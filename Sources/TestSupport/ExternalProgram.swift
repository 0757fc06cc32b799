import Foundation
import ProgramTesting

/// A program of the machine, run to its end: the packers and unpackers that a release is made with here are other
/// people's, so that a fault of ours cannot agree with itself.
public struct ExternalProgram: Sendable {
    /// The program's full path.
    public let path: String

    /// Finds a program in the usual folders.
    ///
    /// - Parameters:
    ///   - name: its file name.
    ///   - package: the Debian package to name as the remedy when it is missing.
    public init(_ name: String, package: String) throws(TestSupportError) {
        let own = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in own + ["/usr/bin", "/usr/sbin", "/bin", "/sbin"]
        where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
            path = "\(folder)/\(name)"
            return
        }
        throw TestSupportError("the program '\(name)' is missing: install Debian's package \(package)")
    }

    /// The program at a path.
    public init(at path: String) throws(TestSupportError) {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw TestSupportError("there is no program at \(path)")
        }
        self.path = path
    }

    /// Runs the program and returns what it wrote to its standard output.
    ///
    /// - Parameters:
    ///   - arguments: its arguments.
    ///   - directory: its working directory.
    ///   - input: a file for its standard input; nothing when nil.
    ///   - output: a file that receives its standard output; the result is empty then.
    /// - Throws: an error with the command and what it said, when it ends with anything but 0.
    @discardableResult
    public func callAsFunction(
        _ arguments: [String], in directory: String? = nil, input: String? = nil, output: String? = nil
    ) throws(TestSupportError) -> String {
        let scratch = NSTemporaryDirectory() + "/slipway-program-\(getpid())-\(UUID().uuidString)"
        defer { for suffix in ["out", "err"] { try? FileManager.default.removeItem(atPath: "\(scratch).\(suffix)") } }
        func open(_ path: String) throws(TestSupportError) -> FileHandle {
            guard FileManager.default.createFile(atPath: path, contents: nil),
                let file = FileHandle(forWritingAtPath: path)
            else { throw TestSupportError("cannot write \(path)") }
            return file
        }
        // Whatever the caller's locale and build settings, the bytes must be the same.
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C"
        environment["SOURCE_DATE_EPOCH"] = nil
        environment["PATH"] = (environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
        var source: FileHandle?
        if let input {
            source = FileHandle(forReadingAtPath: input)
            guard source != nil else { throw TestSupportError("cannot read \(input)") }
        }
        let result = try open(output ?? "\(scratch).out")
        let errors = try open("\(scratch).err")
        let status: Int32
        do throws(ProgramError) {
            status = try ChildProcess(
                [path] + arguments, environment: environment, directory: directory, input: source?.fileDescriptor,
                output: result.fileDescriptor, errors: errors.fileDescriptor
            ).wait()
        } catch {
            throw TestSupportError(error.description)
        }
        for file in [source, result, errors] { try? file?.close() }
        let said = { (suffix: String) in (try? String(contentsOfFile: "\(scratch).\(suffix)", encoding: .utf8)) ?? "" }
        guard status == 0 else {
            let reason = said("err").suffix(2000).trimmingCharacters(in: .whitespacesAndNewlines)
            throw TestSupportError(
                "\(path) \(arguments.joined(separator: " ")) ended with \(status): \(reason)")
        }
        return output == nil ? said("out") : ""
    }
}

/// What went wrong while test material was made, with the remedy where there is one.
public struct TestSupportError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) { self.description = description }
}
