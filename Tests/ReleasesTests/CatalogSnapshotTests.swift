import Compositions
import Digests
import Dispatch
import Foundation
import Glibc
import LayoutBuilding
import Stores
import Synchronization
import TalosModel
import Testing
import Trust
import Workers

@testable import Releases

@Suite(.timeLimit(.minutes(2))) struct CatalogSnapshotTests {
    let place: Workplace
    let version = TalosVersion(1, 13, 5)

    init() throws { place = try Workplace() }

    private func importImager(_ tag: String, into catalog: ReleaseCatalog) throws {
        var layout = OCILayout()
        layout.list(try layout.add(.imager(tag)), as: "siderolabs/imager:\(tag)")
        try layout.write(toFolder: "\(place.path)/imager-\(tag)")
        #expect(try catalog.importLayout(at: "\(place.path)/imager-\(tag)").failures.isEmpty)
    }

    private func otherProcess() throws -> ReleaseCatalog {
        try ReleaseCatalog(store: EmbeddedStore(root: place.store.root))
    }

    // MARK: - Revisions

    @Test func anImportChangesTheRevisionOfItsOwnVersionOnly() throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let before = place.catalog.snapshot
        let release = try #require(before.summary(version))
        try importImager("v1.13.6", into: place.catalog)
        let after = place.catalog.snapshot
        #expect(after.revision > before.revision)
        #expect(after.summary(version) == release)
        #expect(try #require(after.summary(TalosVersion(1, 13, 6))).revision > release.revision)
        // Who holds a snapshot sees what was.
        #expect(before.versions == [version] && before.summary(TalosVersion(1, 13, 6)) == nil)
    }

    @Test func theSameImportAgainChangesNothing() throws {
        try SampleRelease("v1.13.5").layout.write(toFolder: "\(place.path)/layout")
        _ = try place.catalog.importLayout(at: "\(place.path)/layout")
        let before = place.catalog.snapshot
        usleep(150_000)
        _ = try place.catalog.importLayout(at: "\(place.path)/layout")
        #expect(place.catalog.snapshot.summary(version) == before.summary(version))
    }

    @Test(arguments: ["boot-files", "extension-catalogs", "overlay-catalogs", "installers", "images"])
    func everyKindOfRecordCounts(_ kind: String) throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(sample.layout)
        let before = try #require(place.catalog.snapshot.summary(version))
        let name = kind == "images" ? sample.extensionDigest.hexadecimal : "1.13.5"
        let record = RecordKind(rawValue: kind)
        let bytes = try #require(try place.store.record(record, name))
        let other = try EmbeddedStore(root: place.store.root)
        try other.removeRecord(record, name)
        try place.catalog.refresh()
        let without = place.catalog.snapshot.summary(version)
        #expect(without != before)
        if let without { #expect(without.revision > before.revision) }
        #expect(kind == "boot-files" ? without == nil : without != nil)
        try other.setRecord(record, name, bytes)
        try place.catalog.refresh()
        let again = try #require(place.catalog.snapshot.summary(version))
        #expect(again.isSame(as: before))
        // What was made while it was there before is not taken for what it is now.
        #expect(again.revision > before.revision && again.revision > without?.revision ?? 0)
    }

    @Test func aLookThatFindsNothingNewKeepsTheRevision() throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let before = place.catalog.snapshot.revision
        for _ in 0..<5 {
            try place.catalog.refresh()
            usleep(40_000)
        }
        #expect(place.catalog.snapshot.revision == before)
    }

    @Test func versionsThatAreNotOfferedAreThereAllTheSame() throws {
        var records = CatalogRecords()
        try importImager("v1.13.5", into: place.catalog)
        _ = try records.refresh(from: place.store, .operatorImport)
        let snapshot = CatalogSnapshot(
            records, ReleaseListing(minimum: TalosVersion(1, 14, 0)), after: CatalogSnapshot())
        // The operator's own are always offered.
        #expect(snapshot.versions == [version] && snapshot.hiddenVersions.isEmpty)
        #expect(CatalogSnapshot().summary(version) == nil && CatalogSnapshot().versions.isEmpty)
    }

    @Test func pinnedImagesHaveDigestAndName() throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(sample.layout)
        let release = try #require(place.catalog.snapshot.summary(version))
        #expect(release.extensions[0].image.digest == sample.extensionDigest)
        #expect(release.extensions[0].image.reference == "ghcr.io/siderolabs/gvisor:20260101.0")
        #expect(release.overlays[0].pinnedImage.digest == sample.overlayDigest)
        #expect(release.imager?.reference == "ghcr.io/siderolabs/imager:v1.13.5")
        #expect(try release.installer().reference == "ghcr.io/siderolabs/installer-base:v1.13.5")
        try importImager("v1.13.6", into: place.catalog)
        let bare = try #require(place.catalog.snapshot.summary(TalosVersion(1, 13, 6)))
        let error = #expect(throws: ReleaseError.self) { try bare.installer() }
        #expect(error?.code == .notImported && error?.message.contains("siderolabs/installer-base") == true)
    }

    // MARK: - Looks that fail

    @Test func whatIsKnownStaysInForceWhileTheStoreCannotBeRead() async throws {
        try importImager("v1.13.5", into: place.catalog)
        let records = "\(place.store.root)/records/boot-files"
        try FileManager.default.moveItem(atPath: records, toPath: "\(place.path)/aside")
        try Data("no folder".utf8).write(to: URL(filePath: records))
        for _ in 0..<2 {
            let error = #expect(throws: ReleaseError.self) { try place.catalog.refresh() }
            #expect(error?.message.contains(records) == true)
        }
        let catalog = place.catalog
        await #expect(throws: ReleaseError.self) { try await catalog.refreshed() }
        #expect(place.catalog.snapshot.versions == [version])
        #expect(place.catalog.problems.contains { $0.contains("stays in force") && $0.contains(records) })
        try FileManager.default.removeItem(atPath: records)
        try FileManager.default.moveItem(atPath: "\(place.path)/aside", toPath: records)
        try importImager("v1.13.6", into: try otherProcess())
        #expect(try await catalog.refreshed().versions == [version, TalosVersion(1, 13, 6)])
        #expect(place.catalog.problems.isEmpty)
    }

    @Test func aRecordThatIsNoFileIsNamedAndTheOthersStay() throws {
        try importImager("v1.13.5", into: place.catalog)
        try FileManager.default.createDirectory(
            atPath: "\(place.store.root)/records/boot-files/1.12.0", withIntermediateDirectories: true)
        let catalog = try otherProcess()
        #expect(catalog.snapshot.versions == [version])
        #expect(catalog.snapshot.recordProblems.contains { $0.contains("boot-files/1.12.0") })
    }

    // MARK: - Looks

    @Test func anImportByAnotherProcessIsSeenWithoutAnyQuestion() async throws {
        let watching = Task { [catalog = place.catalog] in await catalog.run(interval: .seconds(3600)) }
        defer { watching.cancel() }
        // Its first look comes at once. The store has no folder of records yet, and one that is made is watched as well.
        for patch in 5...7 as ClosedRange<UInt64> {
            try importImager("v1.13.\(patch)", into: try otherProcess())
            let expected = TalosVersion(1, 13, patch)
            let deadline = ContinuousClock.now + .seconds(20)
            while place.catalog.snapshot.summary(expected) == nil, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(place.catalog.snapshot.summary(expected) != nil)
        }
    }

    @Test func thoseWhoWantALookShareIt() async throws {
        let catalog = place.catalog
        let before = catalog.rounds.next
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2000 { group.addTask { _ = try await catalog.refreshed() } }
            try await group.waitForAll()
        }
        let looks = catalog.rounds.next - before
        let most = UInt64((ContinuousClock.now - start) / RefreshRounds.interval) + 2
        #expect(looks >= 1 && looks <= most, "\(looks) looks, where \(most) are the most")
    }

    @Test func whoComesDuringALookGetsTheNextOne() async throws {
        let catalog = place.catalog
        try importImager("v1.13.5", into: try otherProcess())
        // The thread that looks is held, as a slow disk would.
        let gate = DispatchSemaphore(value: 0)
        let holding = Task { try await catalog.rounds.work.run { gate.wait() } }
        while catalog.rounds.work.load.running == 0 { await Task.yield() }
        let asking = (0..<20).map { _ in Task { try await catalog.refreshed() } }
        while await catalog.rounds.flights.waiting < 20 { await Task.yield() }
        #expect(await catalog.rounds.flights.count == 1)
        // The snapshot is there all the while, and one who leaves is not held.
        #expect(catalog.snapshot.versions.isEmpty)
        asking[0].cancel()
        await #expect(throws: CancellationError.self) { try await asking[0].value }
        gate.signal()
        try await holding.value
        for task in asking.dropFirst() { #expect(try await task.value.versions == [version]) }
    }

    // MARK: - Content

    @Test func contentIsReadOnceForAllWhoWaitAndNotForThoseWhoLeft() async throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let catalog = try otherProcess()
        let release = try #require(catalog.snapshot.summary(version))
        let gate = DispatchSemaphore(value: 0)
        let holding = (0..<catalog.content.width).map { _ in Task { try await catalog.content.run { gate.wait() } } }
        while catalog.content.load.running < catalog.content.width { await Task.yield() }
        let kernels = (0..<10).map { _ in
            Task { try await catalog.bootFile(.kernel, of: release, for: .amd64) }
        }
        let images = (0..<10).map { _ in Task { try await catalog.image(release.extensions[0].image, for: .amd64) } }
        while catalog.content.load.waiting < 2 { await Task.yield() }
        while await catalog.bootFiles.waiting < 10 { await Task.yield() }
        while await catalog.images.waiting < 10 { await Task.yield() }
        #expect(catalog.content.load.waiting == 2)
        // The images' clients leave: nothing is left to do for them.
        for task in images { task.cancel() }
        for task in images { await #expect(throws: CancellationError.self) { try await task.value } }
        while catalog.content.load.waiting > 1 { await Task.yield() }
        for _ in holding { gate.signal() }
        for task in holding { try await task.value }
        let digest = try #require(release.bootFiles[.amd64]?[.kernel]).digest
        for task in kernels { #expect(try await task.value.file.digest == digest) }
        #expect(try await catalog.image(release.extensions[0].image, for: .amd64).layers.count == 1)
    }

    @Test func eachBootFileIsReadForItself() async throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let catalog = try otherProcess()
        let release = try #require(catalog.snapshot.summary(version))
        let initramfs = try #require(release.bootFiles[.amd64]?[.initramfs])
        try Data("rotten".utf8).write(
            to: URL(filePath: "\(place.store.root)/blobs/sha256/\(initramfs.digest.hexadecimal)"))
        // The kernel is sound, and nobody looks at what is not.
        #expect(try await catalog.bootFile(.kernel, of: release, for: .amd64).verification.policy == "operator import")
        await #expect(throws: ReleaseError.self) { try await catalog.bootFile(.initramfs, of: release, for: .amd64) }
        let gone = await #expect(throws: ReleaseError.self) {
            try await catalog.bootFile(.initramfs, of: release, for: .amd64)
        }
        #expect(gone?.code == .blob && gone?.message.contains("import the imager image again") == true)
        #expect(catalog.damage(to: release).count == 1)
    }
}
