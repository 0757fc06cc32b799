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

/// Layouts that are damaged or dishonest: a named error, nothing of the image stored, and good images beside it kept.
@Suite struct HostileLayoutTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    /// A layout with one image to spoil.
    private func sample() throws -> (layout: OCILayout, manifest: Manifest) {
        var layout = OCILayout()
        let descriptor = try layout.add(.imager("v1.13.5"))
        layout.list(descriptor, as: "siderolabs/imager:v1.13.5")
        let bytes = try #require(layout.blobs[descriptor.digest])
        return (layout, try Manifest(decoding: bytes[...]))
    }

    private func expectFailure(
        _ layout: OCILayout, _ code: ReleaseError.Code, mentions text: String, limits: ImportLimits = .standard,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        // Beside a good one, which is kept.
        var both = layout
        both.list(try both.add(.systemExtension("good")), as: "ghcr.io/siderolabs/good:v1")
        both.entries.reverse()
        for (round, candidate) in [layout, both].enumerated() {
            let report = try place.importFolder(candidate, limits: limits)
            #expect(report.failures.map(\.error.code) == [code], sourceLocation: sourceLocation)
            let message = report.failures.first?.error.message ?? ""
            #expect(message.contains(text), "\(message)", sourceLocation: sourceLocation)
            #expect(report.imported.count == round, sourceLocation: sourceLocation)
            let stored = try place.storedNames()
            #expect(stored.count == (round == 0 ? 0 : 4), "\(stored)", sourceLocation: sourceLocation)
        }
        #expect(place.catalog.versions().isEmpty, sourceLocation: sourceLocation)
    }

    @Test(arguments: ["altered", "cut", "longer", "missing"])
    func aBlobThatIsNotWhatItsNameSays(_ fault: String) throws {
        for whole in [false, true] {
            let place = try Workplace()
            var (layout, manifest) = try sample()
            let digest = manifest.layers[0].digest
            var bytes = try #require(layout.blobs[digest])
            switch fault {
            case "altered": bytes[bytes.count / 2] ^= 1
            case "cut": bytes.removeLast()
            case "longer": bytes.append(0)
            default: break
            }
            layout.blobs[digest] = fault == "missing" ? nil : bytes
            let report = try whole ? place.importArchive(layout) : place.importFolder(layout)
            #expect(report.failures.map(\.error.code) == [.blob])
            #expect(report.failures.first?.name == "siderolabs/imager:v1.13.5")
            #expect(report.failures.first?.error.message.contains("\(digest)") == true)
            #expect(try place.storedNames().isEmpty)
        }
    }

    @Test func aDescriptorWithAWrongSize() throws {
        var (layout, _) = try sample()
        layout.entries[0].size += 1
        try expectFailure(layout, .blob, mentions: "bytes where")
    }

    @Test func aDescriptorWithAHugeSize() throws {
        var (layout, _) = try sample()
        layout.entries[0].size = .max
        try expectFailure(layout, .limit, mentions: "4194304 are allowed")
    }

    @Test(arguments: ["{", "[]", #"{"manifests": []}"#, #"{"config": 1}"#, String(repeating: "[", count: 100_000)])
    func aManifestThatIsNone(_ text: String) throws {
        var layout = OCILayout()
        layout.list(layout.add(Array(text.utf8), .manifest), as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .document, mentions: "manifest")
    }

    @Test(arguments: [
        "", "{", "[]", "{}", #"{"manifests": 1}"#, #"{"manifests": [{}]}"#, String(repeating: "[", count: 100_000),
    ])
    func aLayoutIndexThatIsNone(_ text: String) throws {
        var (layout, _) = try sample()
        layout.rawIndex = Array(text.utf8)
        let error = #expect(throws: ReleaseError.self) { try place.importFolder(layout) }
        #expect(error?.code == .document && error?.cause is OCIModelError)
        #expect(try place.storedNames().isEmpty)
    }

    @Test func indexesNestedTooDeep() throws {
        var layout = OCILayout()
        var descriptor = try layout.add(.imager("v1.13.5"))
        for _ in 0..<6 { descriptor = layout.add(Index(manifests: [descriptor]).encode(), .index) }
        layout.list(descriptor, as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .limit, mentions: "indexes nest deeper than 4")
    }

    @Test func indexesThatMultiply() throws {
        var layout = OCILayout()
        var descriptor = try layout.add(.imager("v1.13.5"))
        for _ in 0..<4 {
            let copies = (0..<100).map { number in
                var copy = descriptor
                copy.annotations["org.opencontainers.image.ref.name"] = "a:v\(number)"
                return copy
            }
            descriptor = layout.add(Index(manifests: copies).encode(), .index)
        }
        layout.list(descriptor)
        let error = #expect(throws: ReleaseError.self) { try place.importFolder(layout) }
        #expect(error?.code == .limit)
        #expect(try place.storedNames().isEmpty)
    }

    @Test func aLayerThatUnpacksToSomethingElse() throws {
        var layout = OCILayout()
        let descriptor = try layout.add(.imager("v1.13.5"))
        let manifest = try Manifest(decoding: try #require(layout.blobs[descriptor.digest])[...])
        var configuration = try ImageConfiguration(
            decoding: try #require(layout.blobs[manifest.configuration.digest])[...])
        configuration.diffIDs = [Digest.of("something else")]
        let changed = Manifest(
            configuration: layout.add(configuration.encode(), .configuration), layers: manifest.layers)
        layout.list(layout.add(changed.encode(), .manifest), as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .layer, mentions: "promises \(Digest.of("something else"))")
    }

    /// An index's own entries count, however alike the platforms look that they are for.
    @Test func anImageForTooManyPlatforms() throws {
        var layout = OCILayout()
        let image = try layout.add(.imager("v1.13.5"))
        let manifests = (0..<17).map { number in
            var copy = image
            copy.platform = Platform(os: "linux", architecture: "amd64", variant: "v\(number)")
            return copy
        }
        layout.list(layout.add(Index(manifests: manifests).encode(), .index), as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .limit, mentions: "16 are allowed")
    }

    /// One small layer, named again and again, is unpacked each time.
    @Test func layersThatUnpackToTooMuchTogether() throws {
        var layout = OCILayout()
        let image = ImageContent(
            [
                [file("bin/installer", "x"), file("zeros", [UInt8](repeating: 0, count: 1_000_000))]
            ], entrypoint: ["/bin/installer"])
        let descriptor = try layout.add(image)
        for patch in 0..<10 { layout.list(descriptor, as: "siderolabs/installer:v1.9.\(patch)") }
        var limits = ImportLimits()
        limits.unpackedBase = 5_500_000
        limits.unpackedRatio = 1
        let report = try place.importFolder(layout, limits: limits)
        #expect(report.imported.count == 5)
        #expect(report.failures.map(\.error.code) == Array(repeating: .limit, count: 5))
    }

    @Test func anArchiveThatUnpacksToTooMuchForItsLength() throws {
        var (layout, _) = try sample()
        _ = layout.add([UInt8](repeating: 0, count: 10_000_000), .layer)
        try layout.write(toArchive: "\(place.path)/a.tar", compression: .zstd(level: 1))
        var limits = ImportLimits()
        limits.archiveBase = 1_000_000
        let error = #expect(throws: ReleaseError.self) {
            try place.catalog.importLayout(at: "\(place.path)/a.tar", limits: limits)
        }
        #expect(error?.message.contains("more than") == true, "\(String(describing: error))")
        #expect(try place.storedNames().isEmpty)
    }

    /// One text may stand for many in YAML.
    @Test func descriptionsThatMultiply() throws {
        let digest = Digest.of("x")
        let lines = (0..<100).map { "ghcr.io/siderolabs/e\($0):v1@\(digest)" }
        var descriptions = "\(lines[0]): &all\n  description: \(String(repeating: "d", count: 100_000))\n"
        for line in lines.dropFirst() { descriptions += "\(line): *all\n" }
        var layout = OCILayout()
        layout.list(
            try layout.add(
                .extensionCatalog(imageDigests: lines.joined(separator: "\n") + "\n", descriptions: descriptions)),
            as: "siderolabs/extensions:v1.13.5")
        try expectFailure(layout, .limit, mentions: "descriptions.yaml")
    }

    @Test func aBombIsDefused() throws {
        var layout = OCILayout()
        layout.list(
            try layout.add(
                ImageContent([[file("usr/install/amd64/vmlinuz", [UInt8](repeating: 0, count: 5_000_000))]])),
            as: "siderolabs/imager:v1.13.5")
        var limits = ImportLimits()
        limits.layerBytes = 1_000_000
        try expectFailure(layout, .limit, mentions: "more than 1000000 bytes of content", limits: limits)
    }

    @Test func aBootFileThatIsTooLong() throws {
        var layout = OCILayout()
        layout.list(
            try layout.add(
                ImageContent([[file("usr/install/amd64/vmlinuz", [UInt8](repeating: 0, count: 5_000_000))]])),
            as: "siderolabs/imager:v1.13.5")
        var limits = ImportLimits()
        limits.bootFileBytes = 1_000_000
        try expectFailure(layout, .limit, mentions: "longer than the 1000000 bytes allowed", limits: limits)
    }

    /// Zeros after the end of the archive are not content, and cost memory and time all the same.
    @Test func aBombAfterTheEndOfAnArchive() throws {
        var layout = OCILayout()
        let archive = try TarArchive.encode([file("manifest.yaml", "x"), folder("rootfs")])
        let padded = archive + [UInt8](repeating: 0, count: 5_000_000)
        let layer = layout.add(try compress(padded, .gzip(level: 1)), .gzipLayer)
        let configuration = ImageConfiguration(platform: ImageContent.amd64, diffIDs: [Digest.of(padded)])
        let manifest = Manifest(
            configuration: layout.add(configuration.encode(), .configuration), layers: [layer])
        layout.list(layout.add(manifest.encode(), .manifest), as: "siderolabs/x:v1")
        var limits = ImportLimits()
        limits.layerBytes = 1_000_000
        try expectFailure(layout, .limit, mentions: "unpacks to more than 1000000 bytes", limits: limits)
    }

    @Test(arguments: ["../escape", "usr/../../escape", "/../escape", "usr/install/../\u{301}etc/../../x"])
    func aLayerWithANameThatClimbsOut(_ name: String) throws {
        var layout = OCILayout()
        layout.list(try layout.add(ImageContent([[file(name, "x")]])), as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .unsafePath, mentions: name)
    }

    /// A mark that combines with the slash before it hides nothing.
    @Test func anArchivesPathIsTakenApartByBytes() throws {
        let (layout, _) = try sample()
        let bytes = try TarArchive.encode(
            layout.members + [file("blobs/sha256/..\u{301}", "x"), file("a/../\u{301}b", "x")])
        try Data(bytes).write(to: URL(fileURLWithPath: "\(place.path)/a.tar"))
        let error = #expect(throws: ReleaseError.self) { try place.catalog.importLayout(at: "\(place.path)/a.tar") }
        #expect(error?.code == .unsafePath)
    }

    @Test func anImagerWithoutAKernel() throws {
        var layout = OCILayout()
        layout.list(
            try layout.add(ImageContent([[link("usr/install/amd64/vmlinuz", to: "/etc/passwd")]])),
            as: "siderolabs/imager:v1.13.5")
        try expectFailure(layout, .incomplete, mentions: "vmlinuz")
    }

    @Test func anExtensionWithSomethingElseInIt() throws {
        var image = ImageContent.systemExtension("x")
        image.layers.append([file("etc/passwd", "root")])
        var layout = OCILayout()
        layout.list(try layout.add(image))
        try expectFailure(layout, .incomplete, mentions: "'etc'")
    }

    @Test func anImageOfAnotherProduct() throws {
        var layout = OCILayout()
        layout.list(try layout.add(ImageContent([[file("bin/sh", "x")]])), as: "docker.io/library/debian:12")
        try expectFailure(layout, .unknownKind, mentions: "none of the images of a Talos release")
    }

    @Test(arguments: [
        "a: [", "overlays:\n  - name: x\n", "overlays: 5", "x: 1", "overlays:\n- {name: a, image: b, digest: c}",
    ])
    func aCatalogThatCannotBeRead(_ text: String) throws {
        var layout = OCILayout()
        layout.list(try layout.add(.overlayCatalog(text)), as: "siderolabs/overlays:v1.13.5")
        try expectFailure(layout, .document, mentions: "overlays.yaml")
    }

    @Test func aCatalogLineThatIsNoReference() throws {
        var layout = OCILayout()
        layout.list(
            try layout.add(.extensionCatalog(imageDigests: "ghcr.io/a/b:c@sha256:12\n", descriptions: nil)),
            as: "siderolabs/extensions:v1.13.5")
        try expectFailure(layout, .document, mentions: "ghcr.io/a/b:c@sha256:12")
    }

    @Test func aFolderWithLinksOutOfIt() throws {
        let (layout, manifest) = try sample()
        let folder = "\(place.path)/links"
        try layout.write(toFolder: folder)
        let name = "\(folder)/blobs/sha256/\(manifest.layers[0].digest.hexadecimal)"
        try FileManager.default.moveItem(atPath: name, toPath: "\(place.path)/outside")
        try FileManager.default.createSymbolicLink(atPath: name, withDestinationPath: "\(place.path)/outside")
        let report = try place.catalog.importLayout(at: folder)
        #expect(report.failures.first?.error.message.contains("symbolic link") == true)
        #expect(try place.storedNames().isEmpty)
    }

    @Test func aFifoInAFolderDoesNotBlock() throws {
        let (layout, manifest) = try sample()
        let folder = "\(place.path)/fifo"
        try layout.write(toFolder: folder)
        let name = "\(folder)/blobs/sha256/\(manifest.layers[0].digest.hexadecimal)"
        try FileManager.default.removeItem(atPath: name)
        #expect(mkfifo(name, 0o600) == 0)
        let report = try place.catalog.importLayout(at: folder)
        #expect(report.failures.first?.error.message.contains("not a regular file") == true)
    }

    @Test(arguments: ["../x", "/x", "blobs/sha256/../../../x"])
    func anArchiveWithANameThatClimbsOut(_ name: String) throws {
        let (layout, _) = try sample()
        let bytes = try TarArchive.encode(layout.members + [file(name, "x")])
        try Data(bytes).write(to: URL(fileURLWithPath: "\(place.path)/a.tar"))
        let error = #expect(throws: ReleaseError.self) { try place.catalog.importLayout(at: "\(place.path)/a.tar") }
        #expect(error?.code == .unsafePath)
        #expect(try place.storedNames().isEmpty)
    }

    @Test func pathsThatAreNoLayouts() throws {
        try FileManager.default.createDirectory(atPath: "\(place.path)/empty", withIntermediateDirectories: true)
        try Data("not a tar archive, and long enough for a block of one".utf8).write(
            to: URL(fileURLWithPath: "\(place.path)/text"))
        for name in ["empty", "text", "none", "/dev/null"] {
            let path = name.hasPrefix("/") ? name : "\(place.path)/\(name)"
            let error = #expect(throws: ReleaseError.self) { try place.catalog.importLayout(at: path) }
            #expect(error?.code == .notALayout)
            #expect(error?.message.contains(path) == true)
        }
    }

    /// Every kind of damage at once: an archive cut off or changed at many places is imported or named, and what is stored is
    /// whole.
    @Test func noDamagedArchiveTrapsOrStoresHalves() throws {
        let sample = try SampleRelease("v1.13.5")
        let archive = try TarArchive.encode(sample.layout.members)
        var seed: UInt64 = 7
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: seed >> 33) % bound
        }
        var failures = 0
        for round in 0..<60 {
            var bytes = archive
            if round % 3 == 0 {
                bytes.removeLast(next(bytes.count))
            } else {
                for _ in 0..<8 { bytes[next(bytes.count)] = UInt8(truncatingIfNeeded: next(256)) }
            }
            let path = "\(place.path)/damaged.tar"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do {
                failures += try place.catalog.importLayout(at: path).failures.isEmpty ? 0 : 1
            } catch {
                failures += 1
            }
        }
        #expect(failures > 20)
        #expect(try place.storedNames().filter { $0.hasPrefix("temporary") || $0.hasPrefix("corrupt") }.isEmpty)
        #expect(place.catalog.problems.isEmpty)
        let store = try EmbeddedStore(root: place.store.root)
        for name in try place.storedNames() where name.hasPrefix("blobs/") {
            #expect(try store.blob(try #require(Digest(hexadecimal: name.dropFirst("blobs/sha256/".count)))) != nil)
        }
    }
}
