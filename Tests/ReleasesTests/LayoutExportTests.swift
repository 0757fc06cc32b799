import Compositions
import Digests
import Foundation
import LayoutBuilding
import OCIModel
import ProgramTesting
import Stores
import TalosModel
import Testing

@testable import Releases

/// What is written for a network without a registry is what comes in there.
@Suite struct LayoutExportTests {
    let place: Workplace
    let other: Workplace
    let version = TalosVersion(1, 13, 5)

    init() throws {
        place = try Workplace()
        other = try Workplace()
    }

    /// A release whose extension is signed in both ways.
    func signed(_ sample: SampleRelease) throws -> (layout: OCILayout, referrers: [Digest]) {
        var layout = sample.layout
        let empty = layout.add(Array("{}".utf8), MediaType(rawValue: "application/vnd.oci.empty.v1+json"))
        let bundle = layout.add(
            Array("a bundle".utf8), MediaType(rawValue: "application/vnd.dev.sigstore.bundle.v0.3+json"))
        let subject = try #require(layout.entries.first { $0.digest == sample.extensionDigest })
        let referrer = layout.add(
            Manifest(
                artifactType: bundle.mediaType, configuration: empty, layers: [bundle], subject: subject
            ).encode(), .manifest)
        layout.list(referrer)
        let configuration = layout.add(
            ImageConfiguration(
                platform: Platform(os: "", architecture: ""), diffIDs: [Digest.of("a payload")]
            ).encode(), .configuration)
        let payload = layout.add(
            Array("a payload".utf8), MediaType(rawValue: "application/vnd.dev.cosign.simplesigning.v1+json"))
        let signature = layout.add(Manifest(configuration: configuration, layers: [payload]).encode(), .manifest)
        layout.list(
            signature, as: "ghcr.io/siderolabs/gvisor:sha256-\(sample.extensionDigest.hexadecimal).sig")
        return (layout, [referrer.digest, signature.digest])
    }

    /// What a catalog holds, and every blob of its images and what refers to them.
    func contents(_ place: Workplace) throws -> [String] {
        let summary = try #require(place.catalog.snapshot.summary(version))
        let records = try place.storedNames().filter { $0.hasPrefix("records/") || $0.hasPrefix("blobs/") }
        return records + summary.extensions.map { "\($0)" } + summary.overlays.map { "\($0)" }
            + [.amd64, .arm64].flatMap { (summary.missingExtensions[$0] ?? []).map { "missing \($0)" } }
            + ["\(summary.hasInstaller)"]
    }

    @Test(arguments: [true, false])
    func whatIsExportedIsImportedElsewhere(asArchive: Bool) throws {
        let sample = try SampleRelease("v1.13.5")
        let (layout, referrers) = try signed(sample)
        let report = try place.importFolder(layout)
        #expect(report.failures.isEmpty && report.skipped.isEmpty, "\(report.failures) \(report.skipped)")
        let exported = try place.catalog.exportedLayout(ExportSelection(versions: [version]))
        #expect(exported.missing.isEmpty)
        #expect(exported.referrerCount == 2)
        let path = "\(other.path)/exported"
        if asArchive {
            try write(try exported.archive(), to: path)
        } else {
            for member in exported.members { try write(member.content, to: "\(path)/\(member.path)") }
        }
        let again = try other.catalog.importLayout(at: path)
        #expect(again.failures.isEmpty && again.skipped.isEmpty, "\(again.failures) \(again.skipped)")
        let (before, after) = (Set(try contents(place)), Set(try contents(other)))
        #expect(after.subtracting(before) == [])
        #expect(before.subtracting(after) == [])
        for digest in referrers { #expect(other.store.contains(digest)) }
        // What refers to an image is in nobody's way when the store is cleaned.
        let survey = try StoreCleaner(other.store, types: ReleaseRecords.types, age: 0).survey()
        #expect(survey.unnamed.isEmpty, "\(survey.unnamed)")
    }

    @Test func oneArchitectureIsEnough() throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(sample.layout)
        let exported = try place.catalog.exportedLayout(
            ExportSelection(versions: [version], architectures: [.arm64]))
        let all = try place.catalog.exportedLayout(ExportSelection(versions: [version]))
        #expect(exported.members.count < all.members.count)
        try write(try exported.archive(), to: "\(other.path)/one.tar")
        let report = try other.catalog.importLayout(at: "\(other.path)/one.tar")
        #expect(report.failures.isEmpty, "\(report.failures)")
        let summary = try #require(other.catalog.snapshot.summary(version))
        // The boot files of all architectures lie in one image.
        #expect(summary.architectures == [.amd64, .arm64])
        #expect(summary.missingExtensions[.arm64] == [])
        #expect(summary.missingExtensions[.amd64]?.map(\.digest) == [sample.extensionDigest])
        // The rest comes later, under the same index.
        #expect(try other.importFolder(sample.layout).failures.isEmpty)
        #expect(other.catalog.snapshot.summary(version)?.missingExtensions[.amd64] == [])
    }

    @Test func whatIsNotThereIsSaid() throws {
        let sample = try SampleRelease("v1.13.5")
        var layout = sample.layout
        layout.entries.removeAll { $0.digest == sample.extensionDigest }
        _ = try place.importFolder(layout)
        let exported = try place.catalog.exportedLayout(ExportSelection(versions: [version]))
        #expect(exported.missing == ["ghcr.io/siderolabs/gvisor:20260101.0"])
        for selection in [
            ExportSelection(versions: [TalosVersion(1, 12, 0)]), ExportSelection(images: ["ghcr.io/nobody/none:v1"]),
        ] {
            let error = #expect(throws: ReleaseError.self) { try place.catalog.exportedLayout(selection) }
            #expect(error?.code == .notImported)
        }
    }

    /// A signature of an image that is not here is nobody's.
    @Test func aStrayReferrerIsLeftOut() throws {
        let sample = try SampleRelease("v1.13.5")
        var (layout, referrers) = try signed(sample)
        layout.entries.removeAll { $0.digest == sample.extensionDigest }
        let report = try place.importFolder(layout)
        #expect(report.failures.isEmpty)
        #expect(report.skipped.count == 2 && report.skipped.allSatisfy { $0.reason.contains("is not here") })
        for digest in referrers { #expect(!place.store.contains(digest)) }
    }

    @Test(.enabled(if: Skopeo.isPresent, "needs skopeo, from Debian's package of that name"))
    func othersReadIt() throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(sample.layout)
        let exported = try place.catalog.exportedLayout(ExportSelection(versions: [version]))
        try write(try exported.archive(), to: "\(place.path)/talos.tar")
        try Skopeo.run(
            "copy", "--all", "oci-archive:\(place.path)/talos.tar:ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0",
            "dir:\(place.path)/theirs")
        let manifest = try Data(contentsOf: URL(filePath: "\(place.path)/theirs/manifest.json"))
        #expect(Digest.of(Array(manifest)) == sample.overlayDigest)
    }

    @Test func aReleaseIsRemovedAndWhatOthersNameStays() throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(try signed(sample).layout)
        // Another version lists the same extension.
        let next = try SampleRelease("v1.13.6")
        _ = try place.importFolder(next.layout)
        let shared = next.extensionDigest == sample.extensionDigest
        let removal = try place.catalog.remove(version)
        #expect(removal.images > 0)
        #expect(place.catalog.snapshot.versions == [TalosVersion(1, 13, 6)])
        let summary = try #require(place.catalog.snapshot.summary(TalosVersion(1, 13, 6)))
        #expect(summary.missingExtensions == [.amd64: [], .arm64: []] && summary.hasInstaller)
        #expect(
            try place.store.record(.images, sample.extensionDigest.hexadecimal) == nil || shared)
        let error = #expect(throws: ReleaseError.self) { try place.catalog.remove(version) }
        #expect(error?.code == .notImported)
        _ = try place.catalog.remove(TalosVersion(1, 13, 6))
        // Nothing names anything any more.
        for type in ReleaseRecords.types { #expect(try place.store.recordKeys(type.kind) == []) }
    }

    /// What cannot be read may name the same images.
    @Test func nothingIsRemovedWhileSomeReleaseCannotBeRead() throws {
        for tag in ["v1.13.5", "v1.13.6"] { _ = try place.importFolder(try SampleRelease(tag).layout) }
        let images = try place.store.recordKeys(.images)
        let catalog = try #require(try place.store.record(.extensionCatalogs, "1.13.6"))
        try place.store.setRecord(.extensionCatalogs, "1.13.6", Array(catalog.dropLast(9)))
        let error = #expect(throws: ReleaseError.self) { try place.catalog.remove(version) }
        #expect(error?.message.contains("cannot be read") == true)
        #expect(try place.store.recordKeys(.images) == images)
        try place.store.setRecord(.extensionCatalogs, "1.13.6", catalog)
        _ = try place.catalog.remove(version)
        #expect(place.catalog.snapshot.versions == [TalosVersion(1, 13, 6)])
    }

    /// The manifests of an index have its name, too, and a name may have stood for something else.
    @Test func aNameStandsForTheIndexAndForOneImageOnly() throws {
        func gvisor(_ name: String) throws -> (layout: OCILayout, digest: Digest) {
            var layout = OCILayout()
            let index = try layout.add([.systemExtension(name), .systemExtension(name, platform: ImageContent.arm64)])
            layout.list(index, as: "ghcr.io/x/y:latest")
            return (layout, index.digest)
        }
        let first = try gvisor("one")
        #expect(try place.importFolder(first.layout).failures.isEmpty)
        for name in ["ghcr.io/x/y:latest", "ghcr.io/x/y", first.digest.description] {
            let exported = try place.catalog.exportedLayout(ExportSelection(images: [name]))
            #expect(exported.members.contains { $0.path.hasSuffix(first.digest.hexadecimal) }, "\(name)")
        }
        let second = try gvisor("two")
        #expect(try place.importFolder(second.layout).failures.isEmpty)
        let error = #expect(throws: ReleaseError.self) {
            try place.catalog.exportedLayout(ExportSelection(images: ["ghcr.io/x/y"]))
        }
        #expect(error?.code == .ambiguous && error?.message.contains("\(second.digest)") == true)
        #expect(try place.catalog.exportedLayout(ExportSelection(images: [second.digest.description])).imageCount == 1)
    }

    @Test func lengthsThatWrapAreNotSmall() throws {
        func part(_ size: UInt64) -> Descriptor {
            Descriptor(mediaType: .layer, digest: Digest.of("\(size)"), size: size)
        }
        #expect(try RegistryFetch.sum([part(3), part(4)], limit: 7, of: "x") == 7)
        for sizes in [[8], [3, 5], [UInt64.max >> 1, .max >> 1, 2], [.max, 1]] {
            #expect(throws: ReleaseError.self) { try RegistryFetch.sum(sizes.map(part), limit: 7, of: "x") }
        }
    }

    private func write(_ content: Composition, to path: String) throws {
        try FileManager.default.createDirectory(
            at: URL(filePath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        var data = Data()
        try content.read { data.append(contentsOf: $0) }
        try data.write(to: URL(filePath: path))
    }
}
