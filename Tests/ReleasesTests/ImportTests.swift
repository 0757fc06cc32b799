import Compositions
import Compression
import Digests
import Foundation
import LayoutBuilding
import OCIModel
import Releases
import Stores
import TalosModel
import TarArchives
import Testing
import Trust

@Suite struct ImportTests {
    let place: Workplace
    let version = TalosVersion(1, 13, 5)

    init() throws { place = try Workplace() }

    private func expectSampleRelease(_ sample: SampleRelease, in catalog: ReleaseCatalog) throws {
        #expect(catalog.versions() == [version])
        let release = try #require(catalog.release(version))
        #expect(release.problems.isEmpty)
        for architecture in Architecture.allCases {
            let files = try #require(release.bootFiles[architecture])
            let kernel = String(decoding: try files.kernel.contents(limit: 100), as: UTF8.self)
            #expect(kernel == "vmlinuz of v1.13.5 for \(architecture)")
            #expect(
                String(decoding: try files.initramfs.contents(limit: 100), as: UTF8.self).hasPrefix("initramfs.xz of"))
            #expect(files.systemdStub != nil && files.systemdBoot != nil && files.billOfMaterials != nil)
            let image = try catalog.extensionImage(release.extensions[0], architecture: architecture)
            #expect(image.verification.evidence.subject == sample.extensionDigest)
            #expect(image.configuration.platform.architecture == architecture.rawValue)
            #expect(image.layers.count == 1)
            #expect(image.layers[0].mediaType == .gzipLayer)
            #expect(image.verification.policy == "operator import")
            let overlay = try catalog.overlayImage(release.overlays[0], architecture: architecture)
            #expect(overlay.verification.evidence.subject == sample.overlayDigest)
            #expect(try catalog.installerImage(version, architecture: architecture).layers.count == 1)
        }
        #expect(
            release.extensions == [
                OfficialExtension(
                    name: "siderolabs/gvisor", reference: "ghcr.io/siderolabs/gvisor:20260101.0",
                    digest: sample.extensionDigest, author: "gVisor Authors",
                    description: "A container sandbox.\nIn two lines.\n")
            ])
        #expect(
            release.overlays == [
                OfficialOverlay(
                    name: "rpi_generic", image: "siderolabs/sbc-raspberrypi",
                    reference: "ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0", digest: sample.overlayDigest)
            ])
        let summary = try #require(catalog.snapshot.summary(version))
        #expect(summary.architectures == [.amd64, .arm64])
        #expect(summary.hasExtensionCatalog && summary.hasOverlayCatalog && summary.hasInstaller)
        #expect(summary.missingExtensions == [.amd64: [], .arm64: []])
        #expect(summary.missingOverlays == [.amd64: [], .arm64: []])
    }

    @Test func aReleaseIsImportedFromAFolder() throws {
        let sample = try SampleRelease("v1.13.5")
        let report = try place.importFolder(sample.layout)
        #expect(report.failures.isEmpty)
        #expect(
            report.imported.map(\.kind) == [
                .imager, .installer, .systemExtension, .overlay, .extensionCatalog, .overlayCatalog,
            ])
        try expectSampleRelease(sample, in: place.catalog)
        // Another process sees the same.
        try expectSampleRelease(sample, in: try ReleaseCatalog(store: try EmbeddedStore(root: place.store.root)))
        let reader = try EmbeddedStore(root: place.store.root, access: .readOnly)
        try expectSampleRelease(sample, in: try ReleaseCatalog(store: reader))
        #expect(try place.storedNames().filter { $0.hasPrefix("temporary") }.isEmpty)
    }

    @Test(arguments: [nil, .gzip(level: 1), .zstd(level: 1), .xz(preset: 0)] as [CompressionSettings?])
    func aReleaseIsImportedFromAnArchive(_ compression: CompressionSettings?) throws {
        let sample = try SampleRelease("v1.13.5")
        try sample.layout.write(toArchive: "\(place.path)/release.tar", compression: compression)
        var last = ImportProgress(bytesDone: 0, bytesTotal: 0)
        var isMonotonic = true
        let report = try place.catalog.importLayout(at: "\(place.path)/release.tar") { progress in
            isMonotonic = isMonotonic && progress.bytesDone >= last.bytesDone
            last = progress
        }
        #expect(report.failures.isEmpty)
        #expect(isMonotonic && last.bytesDone == last.bytesTotal && last.bytesTotal > 0)
        try expectSampleRelease(sample, in: place.catalog)
        #expect(try place.storedNames().filter { $0.hasPrefix("temporary") }.isEmpty)
    }

    @Test func importingTwiceChangesNothing() throws {
        let sample = try SampleRelease("v1.13.5")
        _ = try place.importFolder(sample.layout)
        let names = try place.storedNames()
        #expect(try place.importArchive(sample.layout).failures.isEmpty)
        #expect(try place.storedNames() == names)
        try expectSampleRelease(sample, in: place.catalog)
    }

    @Test func missingExtensionsAreReportedAndFoundLater() async throws {
        let bare = try SampleRelease("v1.13.5", withImages: false)
        _ = try place.importFolder(bare.layout)
        let release = try #require(place.catalog.release(version))
        let summary = try #require(place.catalog.snapshot.summary(version))
        #expect(place.catalog.versions() == [version])
        #expect(summary.missingExtensions[.amd64] == release.extensions)
        let catalog = place.catalog
        let error = await #expect(throws: ReleaseError.self) {
            try await catalog.image(release.extensions[0].image, for: .amd64)
        }
        #expect(error?.code == .notImported)
        #expect(error?.message.contains("siderolabs/gvisor") == true)
        // Another process brings it.
        let other = try ReleaseCatalog(store: try EmbeddedStore(root: place.store.root))
        try SampleRelease("v1.13.5").layout.write(toFolder: "\(place.path)/whole")
        _ = try other.importLayout(at: "\(place.path)/whole")
        _ = try await catalog.image(release.extensions[0].image, for: .amd64)
        #expect(place.catalog.snapshot.summary(version)?.missingExtensions[.arm64] == [])
    }

    @Test func anExtensionForOneArchitectureIsMissingForTheOther() throws {
        var layout = OCILayout()
        let index = try layout.add([.systemExtension("x")])
        layout.list(index)
        _ = try place.importFolder(layout)
        let wanted = OfficialExtension(
            name: "siderolabs/x", reference: "ghcr.io/siderolabs/x:v1", digest: index.digest, author: "",
            description: "")
        _ = try place.catalog.extensionImage(wanted, architecture: .amd64)
        let error = #expect(throws: ReleaseError.self) {
            try place.catalog.extensionImage(wanted, architecture: .arm64)
        }
        #expect(error?.code == .notImported)
        #expect(error?.message.contains("--all") == true)
    }

    @Test func aCatalogMayNameTheManifestInsteadOfTheIndex() throws {
        var layout = OCILayout()
        let manifest = try layout.add(.systemExtension("x"))
        layout.list(try layout.add([.systemExtension("x")]))
        _ = try place.importFolder(layout)
        let wanted = OfficialExtension(
            name: "siderolabs/x", reference: "ghcr.io/siderolabs/x:v1", digest: manifest.digest, author: "",
            description: "")
        #expect(try place.catalog.extensionImage(wanted, architecture: .amd64).manifest == manifest.digest)
    }

    @Test func anIndexThatIsTheLayoutsOwnIsFoundByItsDigest() throws {
        var layout = OCILayout()
        for platform in [ImageContent.amd64, ImageContent.arm64] {
            var descriptor = try layout.add(.systemExtension("x", platform: platform))
            descriptor.platform = platform
            layout.list(descriptor)
        }
        let report = try place.importFolder(layout)
        #expect(report.imported.map(\.digest) == [Digest.of(layout.index)])
        let wanted = OfficialExtension(
            name: "siderolabs/x", reference: "ghcr.io/siderolabs/x:v1", digest: Digest.of(layout.index), author: "",
            description: "")
        _ = try place.catalog.extensionImage(wanted, architecture: .arm64)
    }

    @Test func kindIsToldByContentWhereThereIsNoName() throws {
        var layout = OCILayout()
        layout.list(try layout.add(.imager("v1.13.5", labels: ["alpha.talos.dev/version": "v1.13.4"])))
        layout.list(try layout.add(.installerBase("v1.13.5")))
        layout.list(try layout.add(.extensionCatalog(imageDigests: "", descriptions: nil)), as: "v1.13.3")
        layout.list(try layout.add(.overlayCatalog("overlays: []\n")))
        layout.list(try layout.add(.systemExtension("x")))
        layout.list(try layout.add(.overlay("board")))
        let report = try place.importFolder(layout, version: TalosVersion(1, 12, 0))
        #expect(report.failures.isEmpty)
        #expect(
            report.imported.map(\.kind) == [
                .imager, .installer, .extensionCatalog, .overlayCatalog, .systemExtension, .overlay,
            ])
        // The label, the label, the tag, the argument.
        #expect(report.imported.map { $0.version?.tag } == ["v1.13.4", "v1.13.5", "v1.13.3", "v1.12.0", nil, nil])
    }

    @Test func aVersionThatNothingTellsIsAsked() throws {
        var layout = OCILayout()
        layout.list(try layout.add(.imager("x")), as: "ghcr.io/siderolabs/imager:latest")
        let report = try place.importFolder(layout)
        #expect(report.failures.map(\.error.code) == [.unknownVersion])
        #expect(report.failures[0].error.message.contains("--talos"))
        #expect(try place.storedNames().isEmpty)
    }

    @Test func layersAreFlattenedWithWhiteouts() throws {
        let base = ImageContent.imager("v1").layers[0]
        func path(_ name: String) -> String { "usr/install/arm64/\(name)" }
        var layout = OCILayout()
        layout.list(
            try layout.add(
                ImageContent([
                    base,
                    [file("usr/install/amd64/vmlinuz", "the upper one"), file(path(".wh.talos.spdx.json"), "")],
                    [file("./usr/install/.wh.arm64", ""), file("other", "")],
                    [file(path("vmlinuz"), "back again"), file(path("initramfs.xz"), "back again")],
                ])), as: "siderolabs/imager:v1.13.5")
        layout.list(
            try layout.add(
                ImageContent([base, [file("usr/install/arm64/.wh..wh..opq", "")]])), as: "siderolabs/imager:v1.13.4")
        layout.list(
            try layout.add(
                ImageContent([base, [link("usr/install/arm64", to: "/elsewhere")]])), as: "siderolabs/imager:v1.13.3")
        #expect(try place.importFolder(layout).failures.isEmpty)
        let release = try #require(place.catalog.release(version))
        let amd64 = try #require(release.bootFiles[.amd64])
        #expect(try amd64.kernel.contents(limit: 100) == Array("the upper one".utf8))
        #expect(amd64.billOfMaterials != nil)
        let arm64 = try #require(release.bootFiles[.arm64])
        #expect(try arm64.initramfs.contents(limit: 100) == Array("back again".utf8))
        #expect(arm64.systemdStub == nil)
        for patch in [4, 3] as [UInt64] {
            let files = place.catalog.release(TalosVersion(1, 13, patch))?.bootFiles
            #expect(files?[.amd64] != nil && files?[.arm64] == nil)
        }
    }

    @Test func otherThingsInALayoutArePassedOver() throws {
        var layout = OCILayout()
        layout.list(try layout.add(.imager("v1.13.5")), as: "siderolabs/imager:v1.13.5")
        layout.list(
            try layout.add(.systemExtension("x", platform: Platform(os: "linux", architecture: "riscv64"))), as: "riscv"
        )
        layout.list(layout.add(Array("hello".utf8), MediaType(rawValue: "text/plain")), as: "a text")
        let artifact = Manifest(
            configuration: layout.add(Array("{}".utf8), MediaType(rawValue: "application/vnd.oci.empty.v1+json")),
            layers: [])
        layout.list(layout.add(artifact.encode(), .manifest), as: "a signature")
        let report = try place.importFolder(layout)
        #expect(report.imported.count == 1)
        #expect(report.failures.isEmpty)
        #expect(report.skipped.map(\.name).sorted() == ["a signature", "a text", "riscv"])
    }

    @Test func nestedIndexesOfNamedImagesAreRead() throws {
        var layout = OCILayout()
        var images: [Descriptor] = []
        for tag in ["v1.12.1", "v1.13.5"] {
            var descriptor = try layout.add(.imager(tag))
            descriptor.annotations["io.containerd.image.name"] = "ghcr.io/siderolabs/imager:\(tag)"
            images.append(descriptor)
        }
        let inner = layout.add(Index(manifests: images).encode(), .index)
        layout.list(layout.add(Index(manifests: [inner]).encode(), .dockerIndex))
        #expect(throws: Never.self) { try JSONValue(decoding: layout.index[...]) }
        layout.entries[0].mediaType = .index
        let report = try place.importFolder(layout)
        #expect(report.imported.map { $0.version?.tag } == ["v1.12.1", "v1.13.5"])
        #expect(place.catalog.versions().map(\.tag) == ["v1.12.1", "v1.13.5"])
    }

    @Test func aBootFileThatRotsIsNamedAndNotServed() throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let kernel = try #require(place.catalog.release(version)?.bootFiles[.amd64]?.kernel)
        try Data("rotten".utf8).write(to: URL(fileURLWithPath: kernel.path))
        let release = try #require(place.catalog.release(version))
        #expect(release.bootFiles[.amd64] == nil)
        #expect(release.bootFiles[.arm64] != nil)
        #expect(release.problems.count == 1)
        #expect(release.problems[0].contains("\(kernel.digest)"))
        // From then on it is gone, and importing again brings it back.
        #expect(place.catalog.release(version)?.problems.first?.contains("import the imager image again") == true)
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        let restored = try #require(place.catalog.release(version)?.bootFiles[.amd64]?.kernel)
        #expect(restored.digest == kernel.digest && restored.path == kernel.path)
    }

    @Test func problemsNameBootFilesThatAreGoneOrMovedAside() throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        func problems() throws -> [String] {
            try ReleaseCatalog(store: EmbeddedStore(root: place.store.root, access: .readOnly)).problems
        }
        #expect(try problems().isEmpty)
        let files = try #require(place.catalog.release(version)?.bootFiles[.amd64])
        #expect(unlink(files.initramfs.path) == 0)
        let gone = try problems()
        #expect(gone.count == 1 && gone[0].contains("initramfs.xz of v1.13.5 for amd64"), "\(gone)")
        try Data("rotten".utf8).write(to: URL(fileURLWithPath: files.kernel.path))
        #expect(place.catalog.release(version)?.bootFiles[.amd64] == nil)
        let aside = try problems()
        #expect(aside.contains { $0.contains("vmlinuz of v1.13.5") }, "\(aside)")
        #expect(aside.contains { $0.contains("\(files.kernel.digest)") && $0.contains("/corrupt") }, "\(aside)")
        // A layer of an extension's image, which no record names.
        let image = try place.catalog.extensionImage(
            try #require(place.catalog.release(version)).extensions[0], architecture: .amd64)
        try Data("rotten".utf8).write(to: URL(fileURLWithPath: image.layers[0].file.path))
        #expect(throws: StoreError.self) { try place.store.blob(image.layers[0].file.digest) }
        #expect(try problems().contains { $0.contains("\(image.layers[0].file.digest)") })
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        #expect(try problems().isEmpty)
    }

    /// What the operator hands over is wanted; rules about what is listed are for registries.
    @Test func anImportedPrereleaseOfAnOlderMinorVersionIsListed() throws {
        var layout = OCILayout()
        for tag in ["v1.12.0-beta.1", "v1.13.5", "v1.13.0-dev.7"] {
            layout.list(try layout.add(.imager(tag)), as: "siderolabs/imager:\(tag)")
        }
        _ = try place.importFolder(layout)
        #expect(place.catalog.versions().map(\.tag) == ["v1.12.0-beta.1", "v1.13.0-dev.7", "v1.13.5"])
    }

    @Test func aRecordThatCannotBeReadIsNamedAndTheOthersStay() throws {
        _ = try place.importFolder(try SampleRelease("v1.13.5").layout)
        try place.store.setRecord(RecordKind(rawValue: "boot-files"), "1.12.0", Array("{".utf8))
        try place.catalog.refresh()
        #expect(place.catalog.versions() == [version])
        #expect(place.catalog.problems.count == 1)
        #expect(place.catalog.problems.first?.contains("boot-files/1.12.0") == true)
    }

    @Test func aPolicyThatRefusesKeepsImagesOutBeforeAndAfter() throws {
        struct Nobody: TrustPolicy {
            let name = "nobody"
            let identity = Digest.of("nobody")
            func judge(_ evidence: ImageEvidence) -> TrustDecision { .refused(reasons: ["no", "never"]) }
        }
        try SampleRelease("v1.13.5").layout.write(toFolder: "\(place.path)/layout")
        let strict = try ReleaseCatalog(store: place.store, policy: Nobody())
        let report = try strict.importLayout(at: "\(place.path)/layout")
        #expect(report.imported.isEmpty)
        #expect(Set(report.failures.map(\.error.code)) == [.refused])
        #expect(report.failures.first?.error.message.contains("no; never") == true)
        #expect(try place.storedNames().isEmpty)
        _ = try place.catalog.importLayout(at: "\(place.path)/layout")
        #expect(place.catalog.versions() == [version])
        try strict.refresh()
        #expect(strict.versions().isEmpty)
        #expect(!strict.problems.isEmpty)
    }

    @Test func anImportThatIsCancelledLeavesNothingHalfMade() throws {
        try SampleRelease("v1.13.5").layout.write(toFolder: "\(place.path)/layout")
        var calls = 0
        let error = #expect(throws: ReleaseError.self) {
            try place.catalog.importLayout(
                at: "\(place.path)/layout",
                isCancelled: {
                    calls += 1; return calls > 3
                })
        }
        #expect(error?.code == .cancelled)
        #expect(try place.storedNames().filter { !$0.hasPrefix("blobs") && !$0.hasPrefix("records") }.isEmpty)
    }
}
