import Foundation
import Logging
import NetworkTypes
import Stores
import Synchronization
import Timelines

/// Keeps in the store which machines were told to boot once, so that one that fetches its initramfs from the next process has
/// booted, too.
///
/// A line is what is awaited at one address, and the last line of an address counts. docs/machine-journal.md has the format.
/// Everything here blocks.
final class AwaitedJournal: Sendable {
    private struct Line: Codable {
        var address: String
        /// Nothing is awaited there where the others are missing.
        var mac: String?
        /// The name of the machine's note.
        var note: String?
        var initramfs: String?
        /// When it was told, in milliseconds since 1970.
        var told: Int64?
    }

    private struct State {
        var length: UInt64 = 0
        /// The length that the file had when it was replaced.
        var snapshot: UInt64 = 0
        /// Whether what is in the file is not all that was meant to be, or far more.
        var needsReplacing = true
        var failure: (any Error)?
    }

    private static let header = JournalHeader(journal: "awaited", version: 1)
    private static let lineLimit = 4096
    /// Twice what as many machines as are awaited take, and some more.
    private static let readLimit: UInt64 = 64 << 20
    private let file: JournalFile
    private let awaited: AwaitedDeliveries
    private let state = Mutex(State())

    /// The journal of a store, which no other process writes. What it holds is awaited from now on.
    init(store: EmbeddedStore, awaited: AwaitedDeliveries, logger: Logger) throws {
        file = try store.journal("awaited")
        self.awaited = awaited
        try Self.header.check(file)
        var kept = RecencyMap<IPv4Address, Line>(capacity: 65_536)
        var damaged = 0
        let decoder = JSONDecoder()
        let reading = try file.readLines(last: Self.readLimit, longest: Self.lineLimit) { line in
            let data = Data(line)
            if let line = try? decoder.decode(Line.self, from: data), let address = IPv4Address(parsing: line.address) {
                kept.update(address, default: line) { $0 = line }
            } else if !JournalHeader.isHeader(data) {
                damaged += 1
            }
        }
        awaited.restore(kept.entries.reversed().compactMap { Self.machine($0.value, at: $0.key) })
        if damaged + reading.tooLong > 0 || reading.isTorn {
            logger.warning(
                "a part of the journal of awaited machines cannot be read, and is left out",
                metadata: [
                    "journal": "\(file.path)", "lines": "\(damaged + reading.tooLong + (reading.isTorn ? 1 : 0))",
                ])
        }
    }

    /// Why the latest change is not in the file; nil if it is.
    var failure: (any Error)? { state.withLock { $0.failure } }

    /// Whether something is to be written.
    var isBehind: Bool { failure != nil || awaited.isChanged }

    /// Writes what has changed.
    ///
    /// - Parameter everything: Whether to write all of it, and on the disk.
    func write(everything: Bool = false) throws {
        do {
            let current = state.withLock { $0 }
            if everything || current.needsReplacing { try replace() } else { try append(after: current) }
            state.withLock { $0.failure = nil }
        } catch {
            state.withLock { state in
                state.failure = error
                // A part of a line may stand there.
                state.needsReplacing = true
            }
            throw error
        }
    }

    private func append(after current: State) throws {
        guard case .of(let changes) = awaited.takeChanges() else { return try replace() }
        let lines = try changes.flatMap { try Self.text($0.address, $0.machine) }
        guard !lines.isEmpty else { return }
        let length = try file.append(lines)
        // The file may have been removed, or be another's by now: then it has less than was meant to be.
        let isWhole = length >= current.length + UInt64(lines.count)
        let isLong = length > 2 * current.snapshot + 1 << 20
        state.withLock { state in
            state.length = length
            state.needsReplacing = isLong || !isWhole
        }
    }

    private func replace() throws {
        _ = awaited.takeChanges()
        let lines = try Self.header.line() + awaited.all().flatMap { try Self.text($0.address, $0.machine) }
        try file.replace(with: lines)
        let length = UInt64(lines.count)
        state.withLock { $0 = State(length: length, snapshot: length, needsReplacing: false) }
    }

    // MARK: - Lines

    private static func text(_ address: IPv4Address, _ awaited: AwaitedDeliveries.Machine?) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(
            address: address.description, mac: awaited?.machine.mac.description, note: awaited?.machine.name,
            initramfs: awaited?.initramfs,
            told: awaited.map { milliseconds - ($0.since.duration(to: .now)).milliseconds })
        return Array(try encoder.encode(line)) + [UInt8(ascii: "\n")]
    }

    /// What a line says is awaited; nothing of it lies in the future.
    private static func machine(
        _ line: Line, at address: IPv4Address
    ) -> (address: IPv4Address, machine: AwaitedDeliveries.Machine)? {
        guard let mac = line.mac.flatMap({ MACAddress(parsing: $0) }), let note = line.note,
            let machine = NotedMachine(mac, name: note), let initramfs = line.initramfs, let told = line.told
        else { return nil }
        let now = milliseconds
        let age = now - min(max(told, 0), now)
        return (
            address,
            .init(
                machine: machine, initramfs: initramfs,
                since: .now.advanced(by: .zero - .milliseconds(age)))
        )
    }

    /// Now, in milliseconds since 1970.
    private static var milliseconds: Int64 {
        max(0, Int64(exactly: (Date().timeIntervalSince1970 * 1000).rounded(.down)) ?? 0)
    }
}

extension Duration {
    /// Whole milliseconds of one that is not as long as ages.
    fileprivate var milliseconds: Int64 { Int64(clamping: Int128(attoseconds / 1_000_000_000_000_000)) }
}
