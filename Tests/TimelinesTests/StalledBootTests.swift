import NetworkTypes
import Synchronization
import Testing

@testable import Timelines

@Suite struct StalledBootTests {
    private let bench = Bench()
    private let timeline: BootTimeline

    init() { timeline = bench.timeline() }

    private func record(_ stage: BootStage, _ detail: String, ends: Bool = false, starts: Bool = false) {
        timeline.record(
            BootEvent(mac: mac(1), stage: stage, detail: detail, startsBoot: starts, endsBoot: ends))
    }

    /// Waits, and gives what stands still.
    private func stalls(after seconds: Double) -> [StalledBoot] {
        bench.advance(seconds)
        var found: [StalledBoot] = []
        timeline.noteStalls { boot in
            found.append(boot)
            return boot.sentence(wantsSecureBoot: false)
        }
        return found
    }

    private var story: BootSnapshot? { timeline.snapshot(of: mac(1))?.boots.first }

    private static let loader = [(BootStage.seen, "UEFI PXE, x64"), (.offered, "ipxe.efi")]
    private static let script = [(BootStage.seen, "iPXE, x64"), (.offered, "http://10.77.0.3:8080/boot.ipxe")]

    @Test(
        arguments: [
            (Self.loader, StalledBoot.Place.loaderOffered),
            (Self.loader + [(.loader, "ipxe.efi by TFTP")], .loaderFetched),
            (Self.script, .scriptOffered),
            (Self.loader + [(.loader, "ipxe.efi by TFTP")] + Self.script, .scriptOffered),
            (
                Self.loader + [(.loader, "ipxe.efi by TFTP"), (.failed, "autoexec.ipxe by TFTP: refused")],
                .loaderFetched
            ),
            (Self.script + [(.script, "cp-1")], .scriptFetched),
            (Self.script + [(.script, "cp-1"), (.kernel, "k")], .kernelFetched),
        ] as [([(BootStage, String)], StalledBoot.Place)])
    func aBootThatStopsSaysSoOnce(steps: [(BootStage, String)], place: StalledBoot.Place) throws {
        for (stage, detail) in steps { record(stage, detail) }
        let patience = Double(place.patience.components.seconds)
        #expect(stalls(after: patience - 1).isEmpty)
        let before = try #require(story)
        #expect(stalls(after: 1) == [StalledBoot(mac: mac(1), place: place)])
        let after = try #require(story)
        #expect(after.stage == .failed)
        #expect(after.events.last?.detail == StalledBoot(mac: mac(1), place: place).sentence(wantsSecureBoot: false))
        #expect(after.duration == before.duration, "a silence is no step")
        #expect(stalls(after: 3600).isEmpty, "it has been said")
        let lines = bench.lines.withLock { $0.filter { $0.hasPrefix("notice boot stopped") } }
        #expect(lines.count == 1 && lines[0].contains("machine.mac=\(mac(1))"), "\(lines)")
    }

    @Test func aBootThatGoesOnIsNoFailure() throws {
        for (stage, detail) in Self.loader { record(stage, detail) }
        #expect(stalls(after: 60).count == 1)
        record(.loader, "ipxe.efi by TFTP")
        #expect(story?.stage == .loader)
        #expect(stalls(after: 60).map(\.place) == [.loaderFetched])
    }

    @Test(
        arguments: [
            [(BootStage.seen, "UEFI PXE, x64, ignored: unknown", false)],
            [
                (.seen, "BIOS PXE", false), (.offered, "undionly.kpxe", false), (.loader, "x", false),
                (.script, "disk", true),
            ],
            [
                (.seen, "BIOS PXE", false), (.offered, "undionly.kpxe", false), (.loader, "x", false),
                (.failed, "no", true),
            ],
            [(.script, "cp-1", false), (.kernel, "k", false), (.initramfs, "i", false)],
            [(.script, "cp-1", false), (.initramfs, "i", false), (.config, "c", false)],
        ] as [[(BootStage, String, Bool)]])
    func whatIsNotExpectedIsNotMissed(steps: [(BootStage, String, Bool)]) {
        for (stage, detail, ends) in steps { record(stage, detail, ends: ends) }
        #expect(stalls(after: 100_000).isEmpty)
    }

    @Test func secureBootIsNamedWhereTheFileAsksForIt() {
        let boot = StalledBoot(mac: mac(1), place: .loaderFetched)
        #expect(boot.sentence(wantsSecureBoot: true).contains("secureboot: true"))
        #expect(!boot.sentence(wantsSecureBoot: false).contains("secureboot: true"))
    }

    /// Names that a stranger makes up do not drive out what the machine did.
    @Test func failuresHaveFewPlaces() throws {
        record(.seen, "UEFI PXE, x64", starts: true)
        record(.offered, "ipxe.efi")
        for number in 0..<10_000 { record(.failed, "name\(number) by TFTP: refused") }
        record(.loader, "ipxe.efi by TFTP")
        let boot = try #require(story)
        #expect(boot.events.prefix(2).map(\.stage) == [.seen, .offered])
        #expect(boot.events.last?.stage == .loader && boot.stage == .loader)
        #expect(boot.events.count <= 11 && boot.dropped + boot.events.count == 10_003)
        #expect(boot.events.contains { $0.detail == "name9999 by TFTP: refused" })
        #expect(bench.lines.withLock { $0.count } <= 200)
    }

    @Test func afterAQuietTimeAFailureIsAnotherStory() {
        record(.script, "cp-1")
        record(.initramfs, "i")
        bench.advance(100_000)
        record(.failed, "x by TFTP: refused")
        #expect(timeline.snapshot(of: mac(1))?.boots.map(\.stage) == [.failed, .initramfs])
    }
}
