import Foundation
import Logging
import NetworkTypes
import Synchronization
import Testing
import Timelines

/// A clock that moves when told to, and a log that is kept.
final class Bench: Sendable {
    private let now = Mutex(Duration.zero)
    let lines = Mutex<[String]>([])

    func advance(_ seconds: Double) { now.withLock { $0 += .milliseconds(Int(seconds * 1000)) } }

    var time: BootTimeline.TimeSource {
        BootTimeline.TimeSource(
            date: { [self] in
                let (seconds, attoseconds) = now.withLock { $0.components }
                return Date(timeIntervalSince1970: 1_000_000 + Double(seconds) + Double(attoseconds) / 1e18)
            },
            monotonic: { [self] in now.withLock { $0 } })
    }

    func timeline(
        _ limits: BootTimeline.Limits = BootTimeline.Limits(),
        isExpected: @escaping @Sendable (MACAddress) -> Bool = { _ in false }
    ) -> BootTimeline {
        var logger = Logger(label: "test") { _ in Recorder(bench: self) }
        logger.logLevel = .info
        return BootTimeline(limits: limits, time: time, logger: logger, isExpected: isExpected)
    }
}

private struct Recorder: LogHandler {
    let bench: Bench
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    init(bench: Bench) { self.bench = bench }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        bench.lines.withLock { $0.append("\(event.level) \(event.message) \(fields.joined(separator: " "))") }
    }
}

func mac(_ last: UInt64) -> MACAddress { MACAddress(value: 0x5254_0077_0000 + last) }

@Suite struct BootTimelineTests {
    @Test func aBootIsOneStoryWithDurations() throws {
        let bench = Bench()
        let timeline = bench.timeline()
        let machine = mac(1)
        let steps: [(Double, BootStage, String, Bool)] = [
            (0, .seen, "UEFI PXE, x64", true), (0, .offered, "ipxe.efi", false), (4, .seen, "UEFI PXE, x64", true),
            (0.5, .loader, "ipxe.efi", false), (2, .seen, "iPXE, x64", false), (0, .offered, "boot.ipxe", false),
            (1, .script, "cp-1", false), (0.25, .kernel, "v1.13.5", false), (1, .initramfs, "v1.13.5", false),
        ]
        for (wait, stage, detail, starts) in steps {
            bench.advance(wait)
            timeline.record(BootEvent(mac: machine, stage: stage, detail: detail, startsBoot: starts))
        }
        let snapshot = try #require(timeline.snapshot(of: machine))
        #expect(snapshot.mac == "52:54:00:77:00:01")
        #expect(snapshot.stage == .initramfs)
        #expect(snapshot.boots.count == 1)
        let boot = snapshot.boots[0]
        #expect(boot.started == Date(timeIntervalSince1970: 1_000_000))
        #expect(boot.duration == 8.75)
        #expect(boot.events.map(\.stage) == [.seen, .offered, .loader, .seen, .offered, .script, .kernel, .initramfs])
        #expect(boot.events.map(\.at) == [0, 0, 4.5, 6.5, 6.5, 7.5, 7.75, 8.75])
        #expect(boot.events.map(\.after) == [0, 0, 4.5, 2, 0, 1, 0.25, 1])
        #expect(boot.events[0].count == 2 && boot.events[0].last == 4)
        #expect(bench.lines.withLock { $0.count } == 8, "what repeats is logged once")
        #expect(
            bench.lines.withLock { $0[2] }
                == "info boot step boot.after=0.5 boot.detail=ipxe.efi boot.stage=loader machine.mac=52:54:00:77:00:01")
    }

    @Test func aNewBootStartsANewStory() throws {
        let bench = Bench()
        let timeline = bench.timeline(BootTimeline.Limits(boots: 2))
        func boot(_ stages: [BootStage]) {
            for stage in stages {
                bench.advance(1)
                timeline.record(BootEvent(mac: mac(1), stage: stage, detail: "x", startsBoot: stage == .seen))
            }
        }
        boot([.seen, .offered, .loader, .script, .kernel])
        boot([.seen, .offered, .loader])
        #expect(timeline.snapshot(of: mac(1))?.boots.map(\.stage) == [.loader, .kernel])
        boot([.seen, .offered])
        #expect(timeline.snapshot(of: mac(1))?.boots.map(\.stage) == [.offered, .loader], "the oldest is forgotten")
        bench.advance(901)
        boot([.seen])
        #expect(timeline.snapshot(of: mac(1))?.boots.map(\.stage) == [.seen, .offered])
        #expect(timeline.snapshot(of: mac(1))?.stage == .seen)
    }

    @Test func memoryIsBounded() throws {
        let bench = Bench()
        let timeline = bench.timeline(BootTimeline.Limits(machines: 3, events: 4, addresses: 2, detail: 40))
        for machine in [1, 2, 3, 1, 4] {
            timeline.record(BootEvent(mac: mac(UInt64(machine)), stage: .seen, detail: "x"))
        }
        #expect(timeline.snapshots().map(\.mac.last) == ["4", "1", "3"], "2 was not heard of for longest")
        for number in 0..<9 {
            timeline.record(BootEvent(mac: mac(1), stage: .loader, detail: "\(number)"))
        }
        let boot = try #require(timeline.snapshot(of: mac(1))?.boots.first)
        #expect(boot.events.count == 4 && boot.dropped == 6)
        #expect(boot.events.map(\.detail) == ["5", "6", "7", "8"], "the last are kept")
        timeline.record(BootEvent(mac: mac(9), stage: .seen, detail: String(repeating: "é", count: 1000)))
        let cut = try #require(timeline.snapshot(of: mac(9))?.boots.first?.events.first).detail
        #expect(cut.utf8.count <= 40 && cut.utf8.count > 30)
        timeline.record(BootEvent(mac: mac(9), stage: .failed, detail: "a" + String(repeating: "\u{301}", count: 1000)))
        #expect(try #require(timeline.snapshot(of: mac(9))?.boots.first?.events.last).detail.utf8.count <= 40)
        for number in 1...3 { timeline.learned(IPv4Address(value: UInt32(number)), of: mac(UInt64(number))) }
        #expect((1...3).map { timeline.machine(at: IPv4Address(value: $0)) } == [nil, mac(2), mac(3)])
    }

    @Test func addressesFollowTheMachines() {
        let timeline = Bench().timeline()
        let (first, second) = (IPv4Address(value: 0x0a4d_0091), IPv4Address(value: 0x0a4d_0092))
        timeline.record(BootEvent(mac: mac(1), stage: .seen, detail: "x"))
        timeline.learned(first, of: mac(1))
        #expect(timeline.machine(at: first) == mac(1))
        timeline.learned(second, of: mac(1))
        #expect(timeline.machine(at: first) == nil, "a machine has left its old address")
        #expect(timeline.snapshot(of: mac(1))?.address == "10.77.0.146")
        timeline.learned(second, of: mac(2))
        #expect(timeline.machine(at: second) == mac(2))
        #expect(timeline.snapshot(of: mac(2)) == nil, "who only has an address has no boot")
        timeline.learned(.any, of: mac(3))
        #expect(timeline.machine(at: .any) == nil)
    }

    @Test func theLogIsNotFlooded() {
        let bench = Bench()
        let timeline = bench.timeline(BootTimeline.Limits(linesPerSecond: 10))
        for number in 0..<100 { timeline.record(BootEvent(mac: mac(UInt64(number)), stage: .seen, detail: "x")) }
        #expect(bench.lines.withLock { $0.count } == 10)
        bench.advance(1)
        timeline.record(BootEvent(mac: mac(200), stage: .seen, detail: "x"))
        #expect(
            bench.lines.withLock { $0.suffix(2).map { $0.prefix(30) } } == [
                "warning too many boot steps to", "info boot step boot.after=0.0 ",
            ])
        #expect(bench.lines.withLock { $0[10].hasSuffix("boot.suppressed=90") })
    }

    @Test func snapshotsAreJSON() throws {
        let timeline = Bench().timeline()
        timeline.record(
            BootEvent(mac: mac(1), stage: .seen, detail: "BIOS PXE", address: IPv4Address(value: 0x0a4d_0091)))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.dateEncodingStrategy = .iso8601
        let text = String(decoding: try encoder.encode(timeline.snapshots()), as: UTF8.self)
        #expect(
            text == """
                [{"address":"10.77.0.145","boots":[{"dropped":0,"duration":0,"events":[{"after":0,"at":0,"count":1,\
                "detail":"BIOS PXE","last":0,"stage":"seen"}],"stage":"seen","started":"1970-01-12T13:46:40Z"}],\
                "mac":"52:54:00:77:00:01","stage":"seen"}]
                """)
    }
}
