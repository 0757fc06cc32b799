import Foundation
import Logging
import NetworkTypes
import Stores
import Testing

@testable import BootPlans

@Suite struct AwaitedJournalTests {
    private let folder: String
    private let path: String
    private static let initramfs = "/image/0/v1.13.5/initramfs-amd64.xz"
    private static let whole = DeliveredPart(path: initramfs, range: 0..<10, length: 10)

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-awaited-\(UUID())").path
        path = "\(folder)/journal/awaited"
    }

    private struct Keeper {
        let awaited: AwaitedDeliveries
        let journal: AwaitedJournal
    }

    private func keeper(capacity: Int = 65_536) throws -> Keeper {
        let awaited = AwaitedDeliveries(capacity: capacity)
        return Keeper(
            awaited: awaited,
            journal: try AwaitedJournal(
                store: EmbeddedStore(root: folder), awaited: awaited,
                logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() }))
    }

    private func machine(_ number: UInt64) -> NotedMachine {
        NotedMachine(MACAddress(value: 0x5254_0000_0000 + number))
    }
    private func address(_ number: UInt32) -> IPv4Address { IPv4Address(value: 0x0a00_0000 + number) }

    /// Which of these addresses a later process awaits machines at.
    private func awaitedLater(_ numbers: ClosedRange<UInt32>) throws -> [UInt32] {
        let later = try keeper()
        return numbers.filter { later.awaited.fulfil(Self.whole, to: nil, at: address($0)) != nil }
    }

    @Test func aLaterProcessAwaitsTheSame() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try keeper()
            try first.journal.write(everything: true)
            for number in 1...4 as ClosedRange<UInt32> {
                first.awaited.expect(machine(UInt64(number)), at: address(number), initramfs: Self.initramfs)
                try first.journal.write()
            }
            let hour = ContinuousClock.now - AwaitedDeliveries.lifetime
            first.awaited.expect(machine(5), at: address(5), initramfs: Self.initramfs, now: hour)
            first.awaited.withdraw(machine(2), at: address(2))
            #expect(first.awaited.fulfil(Self.whole, to: machine(3).mac, at: address(3)) == machine(3))
            #expect(first.journal.isBehind)
            try first.journal.write()
            #expect(!first.journal.isBehind)
        }
        // Killed within a line, and something is damaged.
        var text = try Data(contentsOf: URL(filePath: path))
        text += Data("\u{0}\n{\"address\":\"10.0.0.9\",\"told\":1e99}\n{\"address\":\"10.0.0.1\"".utf8)
        // No machine's note has such a name.
        let now = Int64(Date().timeIntervalSince1970 * 1000)
        for (number, note) in [(6, "a/b"), (7, ""), (8, "52-54-00-00-00-09"), (9, "uuid-../../x")] {
            text += Data(
                ("\n{\"address\":\"10.0.0.\(number)\",\"initramfs\":\"\(Self.initramfs)\",\"mac\":\"\(machine(UInt64(number)).mac)\","
                    + "\"note\":\"\(note)\",\"told\":\(now)}\n").utf8)
        }
        try text.write(to: URL(filePath: path))
        #expect(try awaitedLater(1...9) == [1, 4])
    }

    @Test func theFileIsBounded() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try keeper(capacity: 100)
            var longest: UInt64 = 0
            for round in 0..<20_000 as Range<UInt32> {
                // One address in many names, and many addresses.
                first.awaited.expect(
                    machine(UInt64(round)), at: address(round.isMultiple(of: 2) ? 1 : round), initramfs: Self.initramfs)
                try first.journal.write()
                longest = max(
                    longest, UInt64((try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0))
            }
            #expect(longest > 1 << 20 && longest < 3 << 19, "\(longest)")
        }
        #expect(try awaitedLater(19_990...19_999) == [19_991, 19_993, 19_995, 19_997, 19_999])
    }

    @Test func whatCannotBeWrittenIsWrittenLater() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do {
            let first = try keeper()
            try first.journal.write(everything: true)
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: "\(path)/x", withIntermediateDirectories: true)
            first.awaited.expect(machine(1), at: address(1), initramfs: Self.initramfs)
            #expect(throws: StoreError.self) { try first.journal.write() }
            #expect(throws: StoreError.self) { try first.journal.write() }
            #expect(first.journal.failure != nil && first.journal.isBehind)
            try FileManager.default.removeItem(atPath: path)
            try first.journal.write()
            #expect(first.journal.failure == nil)
        }
        #expect(try awaitedLater(1...2) == [1])
    }

    @Test func anotherVersionsJournalStaysAsItIs() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try EmbeddedStore(root: folder)
        try FileManager.default.createDirectory(atPath: "\(folder)/journal", withIntermediateDirectories: true)
        let text = #"{"journal":"awaited","version":2}"# + "\n"
        try Data(text.utf8).write(to: URL(filePath: path))
        #expect(throws: StoreError.self) { try keeper() }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
