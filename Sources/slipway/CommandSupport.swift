import ArgumentParser
import Assembly
import Errors
import Foundation
import Logging
import Schematics
import Stores

/// Ends a command with a sentence on standard error and exit code 1, without the usage text: the arguments were right.
struct CommandFailure: Error {
    /// Prints the sentence and gives the exit code to throw.
    static func exit(_ sentence: String) -> ExitCode {
        printError(sentence)
        return ExitCode(1)
    }
}

/// Does `body`, and ends the command with the sentence of what it throws, where that is an error of this program's.
func endingWithSentence(_ body: () throws -> Void) throws {
    do { try body() } catch let error as any CodedError {
        throw CommandFailure.exit(TerminalText.line("slipway: \(error)"))
    }
}

/// Becomes the owner of a store, where root has started the command and the store is another user's.
func becomeOwner(of store: String) throws {
    do { try StoreOwner.toBecome(for: store)?.become() } catch { throw CommandFailure.exit("slipway: \(error)") }
}

/// Writes a sentence, which may have lines of its own, to standard error. Where that cannot be written, there is nobody to
/// tell.
func printError(_ text: String) {
    LineLog.flush()
    showOnTerminal(TerminalText.lines(text) + "\n")
}

/// Writes text to standard error as it is.
func showOnTerminal(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

/// An absolute path, so that it means the same whatever folder a program is started in.
func absolute(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

/// The bytes of a schematic's file, or of standard input when the name is `-`.
private func readInput(_ name: String, limit: Int) throws -> [UInt8] {
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
    do {
        while bytes.count <= limit, let chunk = try handle.read(upToCount: 1 << 16), !chunk.isEmpty { bytes += chunk }
    } catch {
        throw CommandFailure.exit("slipway: cannot read \(name): it is a folder, or the disk fails")
    }
    guard bytes.count <= limit else {
        let shown = name == "-" ? "standard input" : name
        throw CommandFailure.exit(
            "slipway: \(shown) is larger than \(limit) bytes, the most that is taken; --schematic-limit sets another limit, for "
                + "the daemon too")
    }
    return bytes
}

/// A schematic that a command was given: a file, or `-` for standard input.
struct SchematicText {
    /// Its bytes.
    let bytes: [UInt8]
    /// What they mean.
    let schematic: Schematic

    /// Reads it. What is no schematic ends the command with its name and the factory's own text.
    init(_ name: String, limit: Int) throws {
        bytes = try readInput(name, limit: limit)
        do { schematic = try Schematic(decoding: bytes) } catch {
            let shown = name == "-" ? "standard input" : name
            let isEmpty = bytes.allSatisfy { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
            throw CommandFailure.exit(
                isEmpty
                    ? "slipway: \(shown) is no schematic: it is empty; one without extras is 'customization: {}'"
                    : "slipway: \(shown) is no schematic: \(error)")
        }
    }
}

/// Values as JSON for `--json`, keys sorted, so that output can be compared.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    print(TerminalText.json(String(decoding: try encoder.encode(value), as: UTF8.self)))
}

/// A logger for a command. Commands other than the daemon say only what is wrong.
func makeLogger(_ level: Logger.Level) -> Logger { Logger(label: "slipway") { _ in LineLog(level: level) } }
