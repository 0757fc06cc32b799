import Foundation
import Logging
import Stores
import Synchronization
import Timelines

/// Keeps machines' stories in the store, so that they outlive the process.
///
/// A line is one machine as it was when the line was written, and the last line of a machine counts; so lines may be lost, repeated
/// or damaged, and cost no more than what they say. What has changed is appended in batches. When the file has grown long it is
/// replaced by one line for each machine. docs/machine-journal.md has the format. Everything here blocks.
final class MachineJournal: Sendable {
    /// How much may be written and read.
    struct Limits: Sendable {
        /// Bytes of one batch.
        var batch = 256 << 10
        /// Bytes of all machines at once, to which the file is brought back.
        var snapshot = 8 << 20
        /// Bytes that may be appended to that.
        var tail = 8 << 20
        /// Bytes of one line; a longer one loses its machine's older boots.
        var line = 64 << 10
    }

    private struct State {
        var length: UInt64 = 0
        /// Whether what is in the file is not all that was meant to be.
        var needsReplacing = true
    }

    private static let header = JournalHeader(journal: "machines", version: 1)
    private let file: JournalFile
    private let timeline: BootTimeline
    private let limits: Limits
    private let state = Mutex(State())

    /// The journal of a store, which no other process writes.
    init(
        store: EmbeddedStore, timeline: BootTimeline, logger: Logger, limits: Limits = Limits()
    ) throws {
        file = try store.journal("machines")
        self.timeline = timeline
        self.limits = limits
        try load(logger)
    }

    private func load(_ logger: Logger) throws {
        try Self.header.check(file)
        var records: [MachineRecord] = []
        var damaged = 0
        var isFirst = true
        let decoder = JSONDecoder()
        let limit = UInt64(clamping: 2 * (limits.snapshot + limits.tail))
        let reading = try file.readLines(last: limit, longest: limits.line) { line in
            let data = Data(line)
            if isFirst {
                isFirst = false
                if JournalHeader.isHeader(data) { return }
            }
            do { records.append(try decoder.decode(MachineRecord.self, from: data)) } catch { damaged += 1 }
        }
        timeline.restore(records)
        guard reading.isThere else { return }
        logger.info("machines' stories read", metadata: ["journal": "\(file.path)", "lines": "\(records.count)"])
        if reading.isTorn {
            logger.notice(
                "the journal of machines ends within a line, as after a kill or on a full disk; the line is left out",
                metadata: ["journal": "\(file.path)"])
        }
        if damaged + reading.tooLong > 0 || reading.skipped > 0 {
            logger.warning(
                "a part of the journal of machines cannot be read, and is left out",
                metadata: [
                    "journal": "\(file.path)", "lines": "\(damaged + reading.tooLong)",
                    "bytes skipped": "\(reading.skipped)",
                ])
        }
    }

    /// Writes what has changed. A failure loses nothing that is in the file, and the next call begins with a file of its own.
    ///
    /// - Parameter everything: Whether to write all of it now, and on the disk.
    func write(everything: Bool = false) throws {
        let current = state.withLock { $0 }
        guard !everything, !current.needsReplacing else { return try replace() }
        let lines = text(of: timeline.takeRecords(onlyChanged: true, limit: limits.batch))
        guard !lines.isEmpty else { return }
        state.withLock { $0.needsReplacing = true }
        let length = try file.append(lines)
        // The file may have been removed, or be another's by now: then it has less than was meant to be.
        let isWhole = length >= current.length + UInt64(lines.count)
        let isLong = length > UInt64(clamping: limits.snapshot + limits.tail)
        state.withLock { $0 = State(length: length, needsReplacing: isLong || !isWhole) }
    }

    private func replace() throws {
        state.withLock { $0.needsReplacing = true }
        let records = timeline.takeRecords(onlyChanged: false, limit: limits.snapshot)
        let lines = try Self.header.line() + text(of: records)
        try file.replace(with: lines)
        state.withLock { $0 = State(length: UInt64(lines.count), needsReplacing: false) }
    }

    private static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    private func text(of records: [MachineRecord]) -> [UInt8] {
        let encoder = Self.encoder
        var text: [UInt8] = []
        for var record in records {
            // Control characters take six bytes each, so a machine may have more text than is planned for.
            while let line = try? encoder.encode(record) {
                if line.count <= limits.line {
                    text += line
                    text.append(UInt8(ascii: "\n"))
                    break
                }
                guard record.shorten() else { break }
            }
        }
        return text
    }
}

extension MachineRecord {
    /// Leaves out the oldest boot, or the oldest half of the steps of the only one; false if there is nothing left to leave out.
    fileprivate mutating func shorten() -> Bool {
        if boots.count > 1 {
            boots.removeLast()
            return true
        }
        guard let count = boots.first?.steps.count, count > 1 else { return false }
        boots[0].steps.removeFirst(count / 2)
        boots[0].dropped += count / 2
        return true
    }
}
