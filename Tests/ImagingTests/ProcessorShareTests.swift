import Compositions
import Compression
import Digests
import Dispatch
import Foundation
import Synchronization
import TalosModel
import Testing

@testable import Imaging

@Suite struct ProcessorShareTests {
    /// How many are at work now, and how many there were at most.
    private final class Meter: Sendable {
        private let state = Mutex<(now: Int, most: Int)>((0, 0))

        func change(_ count: Int) {
            state.withLock {
                $0.now += count
                $0.most = max($0.most, $0.now)
            }
        }

        var most: Int { state.withLock { $0.most } }
        var now: Int { state.withLock { $0.now } }
    }

    @Test func buildsTogetherUseNoMoreThanThereAre() throws {
        let share = ProcessorShare(3)
        let meter = Meter()
        DispatchQueue.concurrentPerform(iterations: 12) { _ in
            try? share.withProcessor({ false }) {
                meter.change(1)
                for _ in 0..<20 {
                    share.withIdle(2) { further in
                        meter.change(further)
                        usleep(1000)
                        meter.change(-further)
                    }
                }
                meter.change(-1)
            }
        }
        #expect(meter.now == 0)
        #expect(meter.most == 3)
        // Everything has come back, so that one build has all of them.
        try share.withProcessor({ false }) { share.withIdle(10) { #expect($0 == 2) } }
    }

    @Test func whoWaitsForAProcessorCanLeave() throws {
        let share = ProcessorShare(1)
        try share.withProcessor({ false }) {
            let error = #expect(throws: ImagingError.self) { try share.withProcessor({ true }) {} }
            #expect(error?.code == .cancelled)
        }
        // Nothing is lost when a build fails.
        #expect(throws: ImagingError.self) {
            try share.withProcessor({ false }) { throw ImagingError(.unexpected, "test") }
        }
        try share.withProcessor({ false }) {}
    }

    /// Several builds of one imager at a time, on more threads than there are processors.
    @Test func buildsAtATimeGiveTheSameBytes() throws {
        let releases = try TestReleases()
        let layout = FileLayout(TalosVersion(1, 13, 0))
        let images = try (0..<4).map { index in
            try releases.image([
                layer([file("rootfs/a", (0..<900_000).map { UInt8(truncatingIfNeeded: $0 &* ($0 &+ index) >> 9) })])
            ])
        }
        let alone = try TestReleases()
        let expected = try images.map {
            try alone.imager(processors: 1).extensionSegment($0, named: "x", layout: layout).part.file.digest
        }
        let imager = releases.imager(processors: 2)
        let found = Mutex<[Int: Digest]>([:])
        DispatchQueue.concurrentPerform(iterations: images.count) { index in
            let segment = try? imager.extensionSegment(images[index], named: "x", layout: layout)
            found.withLock { $0[index] = segment?.part.file.digest }
        }
        #expect(found.withLock { found in expected.indices.map { found[$0] } } == expected)
    }
}
