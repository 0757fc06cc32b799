import Foundation
import Logging
import NetworkTypes
import Stores
import Synchronization
import Testing
import Timelines

@testable import BootPlans

@Suite struct MachineJournalTests {
    private let folder: String
    private let log = Log()

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-journal-\(UUID())").path
    }

    private var path: String { "\(folder)/journal/machines" }

    /// A daemon's part that keeps stories; machines whose addresses begin with 52:54 are expected.
    private struct Keeper {
        let timeline: BootTimeline
        let journal: MachineJournal
    }

    private func keeper(_ limits: MachineJournal.Limits = .init(), machines: Int = 4096) throws -> Keeper {
        let timeline = BootTimeline(
            limits: .init(machines: machines, linesPerSecond: 0),
            logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() },
            isExpected: { $0.value >> 32 == 0x5254 })
        return Keeper(
            timeline: timeline,
            journal: try MachineJournal(
                store: EmbeddedStore(root: folder), timeline: timeline, logger: Logger(label: "journal") { _ in log },
                limits: limits))
    }

    private func size() throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    private func mac(_ number: UInt64) -> MACAddress { MACAddress(value: 0x5254_0000_0000 + number) }

    private func boot(_ timeline: BootTimeline, _ mac: MACAddress, _ detail: String = "BIOS PXE") {
        timeline.record(BootEvent(mac: mac, stage: .seen, detail: detail))
    }

    @Test func storiesAreThereAfterwards() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try keeper()
            try first.journal.write()
            boot(first.timeline, mac(1))
            try first.journal.write()
            let before = try size()
            try first.journal.write()
            #expect(try size() == before, "nothing has changed")
            first.timeline.record(BootEvent(mac: mac(1), stage: .script, detail: "one"))
            boot(first.timeline, mac(2))
            try first.journal.write()
            #expect(try size() > before)
        }
        for _ in 1...2 {
            let later = try keeper()
            #expect(later.timeline.machines() == [mac(2), mac(1)])
            #expect(later.timeline.snapshot(of: mac(1))?.boots.first?.events.map(\.detail) == ["BIOS PXE", "one"])
            try later.journal.write(everything: true)
        }
        #expect(log.lines.withLock { $0.filter { $0.hasPrefix("warning") || $0.hasPrefix("notice") } }.isEmpty)
    }

    @Test func damageCostsWhatItHasDamaged() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try keeper()
            for number in 1...3 as ClosedRange<UInt64> { boot(first.timeline, mac(number)) }
            try first.journal.write()
        }
        var lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
        try #require(lines.count == 4, "\(lines)")
        lines[2] = String(lines[2].dropLast(5))
        lines.insert(String(repeating: "[", count: 60_000), at: 3)
        lines.insert(#"{"mac":"52:54:00:00:00:09","boots":[{"started":1e999}]}"#, at: 3)
        lines.insert(String(repeating: "x", count: 100_000), at: 3)
        lines.insert("\u{0}", at: 3)
        let torn = lines.joined(separator: "\n") + "\n" + lines[1].prefix(40)
        try Data(torn.utf8).write(to: URL(filePath: path))
        let later = try keeper()
        #expect(later.timeline.machines() == [mac(3), mac(1)])
        let told = log.lines.withLock { $0 }
        #expect(told.contains { $0.hasPrefix("notice the journal of machines ends within a line") }, "\(told)")
        #expect(told.contains { $0.hasPrefix("warning a part of the journal") && $0.contains("lines=5") }, "\(told)")
        boot(later.timeline, mac(4))
        try later.journal.write()
        #expect(try keeperAfter(later).timeline.machines() == [mac(4), mac(3), mac(1)])
    }

    /// The next one, when this one has let go of the file.
    private func keeperAfter(_ keeper: consuming Keeper) throws -> Keeper {
        let copy = try Data(contentsOf: URL(filePath: path))
        _ = consume keeper
        let other = "\(folder)-next"
        try FileManager.default.createDirectory(atPath: "\(other)/journal", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: other) }
        try copy.write(to: URL(filePath: "\(other)/journal/machines"))
        let timeline = BootTimeline(logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() })
        return Keeper(
            timeline: timeline,
            journal: try MachineJournal(
                store: EmbeddedStore(root: other), timeline: timeline, logger: Logger(label: "journal") { _ in log }))
    }

    @Test func aFloodOfStrangersIsBoundedAndDrivesOutNobody() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let limits = MachineJournal.Limits(batch: 16 << 10, snapshot: 64 << 10, tail: 64 << 10, line: 4 << 10)
        let keeper = try keeper(limits, machines: 100)
        try keeper.journal.write()
        for number in 0..<20 as Range<UInt64> { boot(keeper.timeline, mac(number)) }
        var longest = 0
        for round in 0..<200 as Range<UInt64> {
            for number in 0..<300 as Range<UInt64> {
                // Control characters take the most room.
                boot(
                    keeper.timeline, MACAddress(value: 0x0200_0000_0000 + round << 16 + number),
                    String(repeating: "\u{1}", count: 250))
            }
            try keeper.journal.write()
            longest = max(longest, try size())
        }
        #expect(longest <= (64 + 64 + 16) << 10 && longest > 64 << 10, "\(longest)")
        let later = try keeperAfter(keeper)
        for number in 0..<20 as Range<UInt64> { #expect(later.timeline.snapshot(of: mac(number)) != nil) }
        // And of the strangers the last, not the first.
        #expect(later.timeline.machines().first?.value ?? 0 >= 0x0200_0000_0000 + 199 << 16)
    }

    @Test func aMachineWithTooMuchToSayLosesItsOldest() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keeper = try keeper(.init(line: 8 << 10))
        for number in 0..<30 {
            keeper.timeline.record(
                BootEvent(
                    mac: mac(1), stage: .loader, detail: String(repeating: "\u{1}", count: 200) + "\(number)"))
        }
        try keeper.journal.write()
        let later = try keeperAfter(keeper)
        let events = try #require(later.timeline.snapshot(of: mac(1))?.boots.first?.events)
        #expect(events.last?.detail.hasSuffix("29") == true && events.count >= 3 && events.count < 30)
        #expect(later.timeline.snapshot(of: mac(1))?.boots.first?.dropped == 30 - events.count)
    }

    @Test func anotherVersionsJournalStaysAsItIs() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try EmbeddedStore(root: folder)
        try FileManager.default.createDirectory(atPath: "\(folder)/journal", withIntermediateDirectories: true)
        let text = #"{"journal":"machines","version":2}"# + "\n{}\n"
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(throws: StoreError.self) { try keeper() }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    /// Only the end of a long file is read, and its first line all the same.
    @Test(arguments: [
        (#"{"journal":"machines","version":2}"#, true), (#"{"journal":"others","version":1}"#, true),
        (#"{"journal":"machines","version":1}"#, false), (#"{"journal":"#, false),
    ])
    func anotherVersionsJournalStaysHoweverLongItIs(header: String, stays: Bool) throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try EmbeddedStore(root: folder)
        try FileManager.default.createDirectory(atPath: "\(folder)/journal", withIntermediateDirectories: true)
        let text = header + "\n" + String(repeating: "{\"mac\":\"52:54:00:00:00:01\",\"boots\":[]}\n", count: 1000)
        try Data(text.utf8).write(to: URL(filePath: path))
        let limits = MachineJournal.Limits(snapshot: 4 << 10, tail: 4 << 10)
        if stays {
            #expect(throws: StoreError.self) { try keeper(limits) }
        } else {
            try keeper(limits).journal.write()
        }
        #expect(try (String(contentsOfFile: path, encoding: .utf8) == text) == stays)
    }

    @Test func whatCannotBeWrittenIsWrittenLater() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keeper = try keeper()
        try keeper.journal.write()
        let text = try Data(contentsOf: URL(filePath: path))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: "\(path)/x", withIntermediateDirectories: true)
        boot(keeper.timeline, mac(1))
        #expect(throws: StoreError.self) { try keeper.journal.write() }
        #expect(throws: StoreError.self) { try keeper.journal.write() }
        try FileManager.default.removeItem(atPath: path)
        try keeper.journal.write()
        #expect(try size() > text.count)
        // Somebody puts an older one back, or takes it away: the next batch is followed by all of it.
        try text.write(to: URL(filePath: path))
        boot(keeper.timeline, mac(2))
        try keeper.journal.write()
        try keeper.journal.write()
        #expect(try keeperAfter(keeper).timeline.machines() == [mac(2), mac(1)])
    }
}

private final class Log: LogHandler, Sendable {
    let lines = Mutex<[String]>([])
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .info }
        set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }

    func log(event: LogEvent) {
        let facts = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        lines.withLock { $0.append("\(event.level) \(event.message)\(facts)") }
    }
}
