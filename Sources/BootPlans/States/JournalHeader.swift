import Foundation
import Stores

/// The first line of a journal: what it is, and in which version of its format.
struct JournalHeader: Codable, Hashable, Sendable {
    var journal: String
    var version: Int

    /// Refuses a file that is another's, or of another version, whatever its length: what wrote it may want it back.
    ///
    /// - Throws: `StoreError` with the code `corrupt`.
    func check(_ file: JournalFile) throws {
        guard let line = try file.firstLine(longest: 4096),
            let found = try? JSONDecoder().decode(Self.self, from: Data(line)), found != self
        else { return }
        throw StoreError(
            .corrupt,
            "\(file.path) is a journal of \(found.journal), version \(found.version), and this version of Slipway writes "
                + "\(journal), version \(version), there; move it away")
    }

    /// Whether a line is one.
    static func isHeader(_ line: Data) -> Bool { (try? JSONDecoder().decode(Self.self, from: line)) != nil }

    /// It as a line.
    func line() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }
}
