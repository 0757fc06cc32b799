import CodecTesting
import Compositions
import Compression
import Foundation
import Synchronization
import TalosModel
import TarArchives
import Testing
import Trust

@testable import Imaging

private let merged = FileLayout(TalosVersion(1, 13, 0))
private let firmware = "rootfs/usr/lib/firmware"

/// What is made of an image counts, and not only what comes in.
@Suite struct AmountTests {
    /// In a store of its own, where nothing has been built yet.
    private func build(
        _ layers: [[TarMember]], in releases: TestReleases? = nil, _ change: (inout ExtractionLimits) -> Void
    ) throws -> ExtensionSegment {
        let releases = try releases ?? TestReleases()
        var limits = ExtractionLimits()
        change(&limits)
        return try releases.imager(limits: limits).extensionSegment(
            try releases.image(layers), named: "bomb", layout: merged)
    }

    private func refusal(
        _ layers: [[TarMember]], _ change: (inout ExtractionLimits) -> Void
    ) throws -> ImagingError? {
        let releases = try TestReleases()
        let error = #expect(throws: ImagingError.self) { try build(layers, in: releases, change) }
        #expect(error?.code == .limitExceeded, "\(error?.message ?? "")")
        // The layers themselves, and nothing else.
        #expect(releases.blobCount == layers.count)
        #expect(releases.leftovers == [])
        return error
    }

    private let bytes = [UInt8](repeating: 7, count: 10_000)

    @Test func copiesOfFirmwareCount() throws {
        let members =
            [file(firmware + "/a", bytes)] + (0..<9).map { link(firmware + "/\($0)", to: "a") }
        #expect(try build([layer(members)]) { $0.contentLength = 110_000 }.part.file.length > 0)
        let error = try refusal([layer(members)]) { $0.contentLength = 90_000 }
        #expect(error?.message.contains("it comes to more than 90000 bytes of firmware") == true)
    }

    @Test func copiesOfMicrocodeCount() throws {
        let members =
            [file(firmware + "/intel-ucode/a", bytes)] + (0..<9).map { link(firmware + "/intel-ucode/\($0)", to: "a") }
        #expect(try build([layer(members)]) { $0.contentLength = 110_000 }.intelMicrocode?.length == 100_000)
        _ = try refusal([layer(members)]) { $0.contentLength = 90_000 }
    }

    /// Together with what stays firmware.
    @Test func microcodeAndFirmwareCountTogether() throws {
        let members = [
            file(firmware + "/intel-ucode/a", bytes), link(firmware + "/b", to: "c"), link(firmware + "/d", to: "c"),
            file(firmware + "/c", bytes),
        ]
        #expect(try build([layer(members)]) { $0.contentLength = 41_000 }.intelMicrocode != nil)
        _ = try refusal([layer(members)]) { $0.contentLength = 39_000 }
    }

    /// Each name of a file has an inode that lists the file's blocks.
    @Test(arguments: [true, false])
    func hardLinksCount(fileIsFirst: Bool) throws {
        let links = (0..<9).map { hardLink("rootfs/\($0)", to: "rootfs/a") }
        let members = fileIsFirst ? [file("rootfs/a", bytes)] + links : links + [file("rootfs/a", bytes)]
        #expect(try build([layer(members)]) { $0.contentLength = 110_000 }.part.file.length > 0)
        let error = try refusal([layer(members)]) { $0.contentLength = 90_000 }
        #expect(error?.message.contains("it comes to more than 90000 bytes of content") == true)
    }

    @Test func directoriesWithoutEntriesCount() throws {
        let members = (0..<10).map { file("rootfs/" + String(repeating: "\($0)/", count: 50) + "f") }
        #expect(try build([layer(members)]) { $0.entries = 1000 }.part.file.length > 0)
        let error = try refusal([layer(members)]) { $0.entries = 400 }
        #expect(error?.message.contains("more than 400 files and directories") == true)
    }

    @Test func namesTargetsAndLabelsCount() throws {
        let name = String(repeating: "n", count: 200)
        let target = String(repeating: "t", count: 3000)
        for members in [
            (0..<20).map { file("rootfs/\(name)\($0)") }, [link("rootfs/l", to: target)],
            [file("rootfs/a", label: target)],
            (0..<20).map { hardLink("rootfs/\($0)", to: "rootfs/\(name)") } + [file("rootfs/\(name)")],
        ] {
            #expect(try build([layer(members)]) { $0.textLength = 20_000 }.part.file.length > 0)
            _ = try refusal([layer(members)]) { $0.textLength = 2500 }
        }
    }

    /// What is made is longer than what came in where an image is all directories.
    @Test func aMemberIsNoLongerThanContentMayBe() throws {
        var generator = SeededGenerator(seed: 500)
        let members = (0..<500).map { _ in file("rootfs/\(UInt64.random(in: 0 ... .max, using: &generator))") }
        let error = try refusal([layer(members)]) { $0.contentLength = 1000 }
        #expect(error?.message.contains("bomb") == true)
    }

    /// Links through links through links: the way is what takes the time.
    @Test func waysOfLinksAreLimited() throws {
        var limits = ExtractionLimits()
        limits.entries = 50
        let root = TreeNode.directory()
        let directory = root.makeDirectory(["usr", "lib", "firmware"])
        let detour = String(repeating: "../firmware/", count: 170)
        for index in 0..<30 {
            let target = index == 0 ? "f" : detour + "\(index - 1)"
            directory.children[FileName("\(index)".utf8)] = TreeNode(.symbolicLink(target: target), permissions: 0o777)
        }
        directory.children["f"] = TreeNode(.file(SpooledContent(id: 0, offset: 0, size: 0)), permissions: 0o644)
        let error = #expect(throws: ImagingError.self) {
            try FirmwareSplit(of: root, layout: merged, limits: limits, subject: "test") { false }
        }
        #expect(error?.code == .limitExceeded, "\(error?.message ?? "")")
        let cancelled = #expect(throws: ImagingError.self) {
            try FirmwareSplit(of: root, layout: merged, limits: ExtractionLimits(), subject: "test") { true }
        }
        #expect(cancelled?.code == .cancelled)
    }

    /// A thousand whiteouts of a folder look at its members once.
    @Test func whiteoutsAreNotLookedForAgainAndAgain() throws {
        let names = (0..<10_000).map { file("rootfs/d/\($0)") }
        let whiteouts = (0..<10_000).map { _ in file("rootfs/d/.wh..wh..opq") }
        let releases = try TestReleases()
        let image = try releases.image([layer(names), names + whiteouts])
        let spool = try Spool(in: releases.folder.path)
        let flattener = LayerFlattener(subject: "test", spool: spool, limits: ExtractionLimits()) { false }
        let start = ContinuousClock.now
        for layer in image.layers { try flattener.apply(layer.file) }
        #expect(flattener.root.descendant(["rootfs", "d"])?.children.count == 10_000)
        // 100 million looks, if each whiteout looks at every name, are many minutes here.
        #expect(ContinuousClock.now - start < .seconds(200))
    }

    /// Asked at every step: whenever it is that nobody waits any longer, the build ends, and nothing is stored.
    @Test func everyStageCanBeCancelled() throws {
        let noise = (0..<600_000).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 >> 7) }
        let members = [
            file("rootfs/a", noise), file("rootfs/zeros", [UInt8](repeating: 0, count: 3_000_000)),
            file(firmware + "/b", noise), link(firmware + "/c", to: "b"), file(firmware + "/intel-ucode/m", noise),
            file(firmware + "/amd-ucode/microcode_amd.bin", noise),
        ]
        let releases = try TestReleases()
        let image = try releases.image([layer(members)])
        let blobs = releases.blobCount
        let asked = Atomic<Int>(0)
        let limits = ExtractionLimits()
        func attempt(_ patience: Int) -> ImagingError? {
            asked.store(0, ordering: .relaxed)
            do throws(ImagingError) {
                _ = try releases.imager(limits: limits, processors: 1).extensionSegment(
                    image, named: "test", layout: merged
                ) { asked.add(1, ordering: .relaxed).newValue > patience }
                return nil
            } catch {
                return error
            }
        }
        var patience = 0
        var stages: Set<Int> = []
        while let error = attempt(patience) {
            #expect(error.code == .cancelled, "\(patience): \(error.message)")
            // It is not asked again once it has said so, but by those who clean up.
            #expect(asked.load(ordering: .relaxed) == patience + 1)
            #expect(releases.blobCount == blobs)
            #expect(releases.leftovers == [])
            stages.insert(patience)
            patience += max(1, patience / 6)
            guard patience < 5000 else { break }
        }
        // Some two hundred questions, and every one can be the last.
        #expect(stages.count > 10 && patience > 50 && patience < 5000, "\(patience)")
    }
}
