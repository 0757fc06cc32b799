import Foundation
import NetworkTypes
import Synchronization
import Testing

@testable import Timelines

/// What is kept of machines beyond a process, and what strangers can do to it.
@Suite struct MachineRecordTests {
    private func event(
        _ machine: MACAddress, _ stage: BootStage, _ detail: String, endsBoot: Bool = false
    ) -> BootEvent {
        BootEvent(
            mac: machine, stage: stage, detail: detail, address: IPv4Address(value: 0x0a00_0001), endsBoot: endsBoot,
            architecture: "amd64")
    }

    @Test func storiesAreTheSameAfterwards() throws {
        let bench = Bench()
        let first = bench.timeline()
        first.record(event(mac(1), .seen, "BIOS PXE"))
        bench.advance(2.5)
        first.record(event(mac(1), .script, "cp-1"))
        first.record(event(mac(1), .script, "cp-1"))
        bench.advance(1)
        first.record(event(mac(1), .failed, "kernel-amd64: 404"))
        bench.advance(1000)
        first.record(event(mac(1), .seen, "BIOS PXE"))
        first.record(event(mac(2), .script, "disk", endsBoot: true))
        let records = first.takeRecords(onlyChanged: true, limit: 1 << 20)
        #expect(records.map(\.mac) == [mac(1).description, mac(2).description], "in the order of being heard of")
        #expect(first.takeRecords(onlyChanged: true, limit: 1 << 20).isEmpty)

        // Another process, whose clock begins at zero.
        let later = Bench()
        later.advance(2000)
        let second = later.timeline()
        let kept = try JSONDecoder().decode([MachineRecord].self, from: JSONEncoder().encode(records))
        second.restore(kept)
        #expect(second.snapshots() == first.snapshots())
        #expect(second.snapshot(of: mac(1))?.boots.map(\.stage) == [.seen, .failed])
        #expect(second.takeRecords(onlyChanged: true, limit: 1 << 20).isEmpty, "nothing is new")
        #expect(second.machine(at: IPv4Address(value: 0x0a00_0001)) == nil, "whose it is now nobody knows")
        // While nobody listened the machine may have gone on.
        second.noteStalls { _ in "stopped" }
        #expect(second.snapshots() == first.snapshots())
        // And it goes on in the same story.
        second.record(event(mac(2), .script, "disk", endsBoot: true))
        #expect(second.snapshot(of: mac(2))?.boots.first?.events.first?.count == 2)
    }

    @Test func whatAnybodyMayHaveWrittenKeepsToTheLimits() throws {
        let bench = Bench()
        let limits = BootTimeline.Limits(machines: 4, boots: 2, events: 8, detail: 16)
        let timeline = bench.timeline(limits)
        func boot(_ started: Int64, _ last: Int64, _ count: Int, _ dropped: Int) -> MachineRecord.Boot {
            let step = MachineRecord.Step(
                stage: .script, detail: "a" + String(repeating: "\u{301}", count: 1000), at: last, last: started,
                count: count)
            return MachineRecord.Boot(
                started: started, last: last, progress: .failed, failed: true, complete: true, dropped: dropped,
                steps: Array(repeating: step, count: 40))
        }
        let extremes: [Int64] = [.min, -1, 0, 1_000_000_000, .max]
        for (number, started) in extremes.enumerated() {
            for last in extremes {
                let boots = [boot(started, last, .max, .max), boot(last, started, .min, .min), boot(0, 0, 0, 0)]
                timeline.restore([
                    MachineRecord(
                        mac: mac(UInt64(number)).description, address: "nowhere",
                        architecture: String(repeating: "x", count: 1000), boots: boots),
                    MachineRecord(mac: "nobody", boots: boots), MachineRecord(mac: mac(99).description, boots: []),
                ])
            }
        }
        #expect(timeline.machines().count == 4)
        for machine in timeline.snapshots() {
            #expect(machine.boots.count == 2 && machine.address == nil && machine.architecture?.utf8.count == 32)
            for boot in machine.boots {
                #expect(boot.events.count == 8 && boot.duration >= 0)
                #expect(boot.started.timeIntervalSince1970 >= 0 && boot.started <= bench.time.date())
                #expect(boot.events.allSatisfy { $0.detail.utf8.count <= 16 && $0.count >= 1 })
            }
        }
        // They go on as any other.
        timeline.record(event(mac(4), .kernel, "kernel"))
        #expect(timeline.snapshot(of: mac(4))?.boots.first?.events.last?.stage == .kernel)
        #expect(!timeline.takeRecords(onlyChanged: true, limit: 1 << 20).isEmpty)
    }

    @Test func strangersDriveOutNobodyWhoIsExpected() {
        let bench = Bench()
        let timeline = bench.timeline(.init(machines: 10), isExpected: { $0.value & 0xff_0000 == 0x77_0000 })
        for number in 0..<10 as Range<UInt64> { timeline.record(event(mac(number), .seen, "BIOS PXE")) }
        for number in 0..<1000 as Range<UInt64> {
            timeline.record(event(MACAddress(value: 0x0200_0000_0000 + number), .seen, "BIOS PXE"))
        }
        #expect(timeline.machines().count == 20)
        for number in 0..<10 as Range<UInt64> { #expect(timeline.snapshot(of: mac(number)) != nil) }
        // Of the strangers the last are kept, and the list begins with whoever was heard of last.
        #expect(timeline.machines().first == MACAddress(value: 0x0200_0000_0000 + 999))
        #expect(timeline.machines().last == mac(0))
        // What is written at a time has room for those who are expected first.
        let records = timeline.takeRecords(onlyChanged: true, limit: 6000)
        #expect(records.filter { $0.mac.hasPrefix("52:54") }.count == 10)
        #expect(records.count > 10 && records.count < 20)
        #expect(timeline.takeRecords(onlyChanged: true, limit: 1 << 20).count == 20 - records.count)
    }

    @Test func aStrangerWhoIsNamedLaterMovesOver() {
        let bench = Bench()
        let named = Named()
        let timeline = bench.timeline(.init(machines: 3), isExpected: { named.contains($0) })
        timeline.record(event(mac(1), .seen, "BIOS PXE"))
        named.insert(mac(1))
        timeline.record(event(mac(1), .offered, "ipxe.efi"))
        for number in 10..<20 as Range<UInt64> { timeline.record(event(mac(number), .seen, "BIOS PXE")) }
        #expect(timeline.snapshot(of: mac(1))?.boots.first?.events.count == 2)
        #expect(timeline.machines().count == 4)
    }
}

/// Machines that somebody names one after the other.
private final class Named: Sendable {
    private let machines = Mutex<Set<MACAddress>>([])

    func insert(_ mac: MACAddress) { machines.withLock { _ = $0.insert(mac) } }
    func contains(_ mac: MACAddress) -> Bool { machines.withLock { $0.contains(mac) } }
}
