import ArgumentParser
import Foundation

/// Ends a command with a sentence on standard error and exit code 1, without the usage text: the arguments were right.
struct CommandFailure: Error {
    /// Prints the sentence and gives the exit code to throw.
    static func exit(_ sentence: String) -> ExitCode {
        printError(sentence)
        return ExitCode(1)
    }
}

/// Writes a line to standard error.
func printError(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// The bytes of a file, or of standard input when the name is `-`.
func readInput(_ name: String, limit: Int) throws -> [UInt8] {
    let handle: FileHandle
    if name == "-" {
        handle = .standardInput
    } else {
        guard let file = FileHandle(forReadingAtPath: name) else {
            throw CommandFailure.exit("slipway: cannot open \(name): \(String(cString: strerror(errno)))")
        }
        handle = file
    }
    var bytes: [UInt8] = []
    while bytes.count <= limit, let chunk = try handle.read(upToCount: 1 << 16), !chunk.isEmpty { bytes += chunk }
    guard bytes.count <= limit else { throw CommandFailure.exit("slipway: \(name) is larger than \(limit) bytes") }
    return bytes
}

/// Values as JSON for `--json`, keys sorted, so that output can be compared.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
