import Compositions
import Digests
import OCIModel
import Stores
import TalosModel
import Trust

/// Takes one image into the store, whole or not at all.
struct ImageImporter {
    let content: StagedContent
    let store: EmbeddedStore
    let policy: any TrustPolicy
    let flattener: ImageFlattener
    /// The layout, for the record.
    let origin: ImageProvenance.Origin
    /// The version of images that don't say theirs.
    let fallbackVersion: TalosVersion?
    /// What the image is that is imported; nil leaves that to its name and content, which is right for what an operator hands over.
    var expected: ExpectedImage?

    /// An image for one platform, read and checked.
    private struct PlatformImage {
        var architecture: Architecture?
        var descriptor: Descriptor
        var manifest: Manifest
        var configuration: ImageConfiguration
        var documents: [StagedBlob]
        var layers: [StagedBlob] = []
    }

    /// What an import makes of one image.
    enum Outcome {
        case imported(ImportedImage)
        case referrer(FoundReferrer)
        case skipped(reason: String)
    }

    func importImage(_ image: LayoutImage) throws(ReleaseError) -> Outcome {
        var platforms: [PlatformImage] = []
        // An index names all of its platforms, also where only some have been copied.
        let present = image.manifests.filter(content.holds)
        for descriptor in present.isEmpty ? image.manifests : present {
            switch try read(descriptor, of: image) {
            case .image(let platform): platforms.append(platform)
            case .referrer(let referrer): if image.index == nil { return .referrer(referrer) }
            case .other(let reason): if image.manifests.count == 1 { return .skipped(reason: reason) }
            }
        }
        // The boot files of both architectures lie in the amd64 image, so that one is read where there is a choice.
        guard let main = platforms.first(where: { $0.architecture == .amd64 }) ?? platforms.first else {
            return .skipped(reason: "it has nothing for linux/amd64 or linux/arm64")
        }
        let provenance = ImageProvenance(subject: image.subject, reference: image.name, origin: origin)
        do throws(TrustRefusal) { _ = try policy.verify(ImageEvidence(provenance)) } catch {
            throw ReleaseError(.refused, "\(error)")
        }
        let name = ImageName(image.name)
        let (layers, flattened) = try flatten(main)
        let kind: ImageKind
        if let expected {
            kind = expected.kind(of: flattened)
        } else {
            kind = try self.kind(of: main, name, flattened, isMarked: image.isOther)
        }
        if kind == .systemExtension { try checkExtension(flattened) }
        var first = main
        first.layers = layers
        var whole = [first]
        if !kind.isReadOnce {
            for var platform in platforms where platform.descriptor.digest != main.descriptor.digest {
                let other = try flatten(platform)
                if kind == .systemExtension { try checkExtension(other.flattened) }
                platform.layers = other.layers
                whole.append(platform)
            }
        }
        var version = expected?.version
        if version == nil, kind.isOfARelease { version = try self.version(name, main.configuration, kind) }
        return try .imported(store(image, provenance, version, kind, flattened, whole))
    }

    // MARK: - Reading

    private enum ReadManifest {
        case image(PlatformImage)
        case referrer(FoundReferrer)
        case other(reason: String)
    }

    private func read(_ descriptor: Descriptor, of image: LayoutImage) throws(ReleaseError) -> ReadManifest {
        let (bytes, blob) = try content.document(descriptor)
        let manifest: Manifest
        do { manifest = try Manifest(decoding: bytes[...]) } catch {
            throw ReleaseError(.document, "manifest \(descriptor.digest): \(error)", cause: error)
        }
        if let referrer = try FoundReferrer(
            manifest, blob, descriptor, named: image.name, content.blob, limit: flattener.limits.referrerBytes)
        {
            return .referrer(referrer)
        }
        guard manifest.configuration.mediaType.isImageConfiguration else {
            let type = manifest.configuration.mediaType.rawValue.prefix(128)
            return .other(reason: "its configuration is '\(type)': it is not an image")
        }
        let (text, configurationBlob) = try content.document(manifest.configuration)
        let configuration: ImageConfiguration
        do { configuration = try ImageConfiguration(decoding: text[...]) } catch {
            throw ReleaseError(.document, "configuration \(manifest.configuration.digest): \(error)", cause: error)
        }
        guard configuration.diffIDs.count == manifest.layers.count else {
            throw ReleaseError(
                .document,
                "manifest \(descriptor.digest) has \(manifest.layers.count) layers, and its configuration speaks of "
                    + "\(configuration.diffIDs.count)")
        }
        // Signatures and attestations travel with an image's configuration, and with layers that are none.
        if let first = manifest.layers.first, !manifest.layers.contains(where: \.mediaType.isLayer) {
            return .other(reason: "its content is '\(first.mediaType.rawValue.prefix(128))': it is not an image")
        }
        for layer in manifest.layers where !layer.mediaType.isLayer {
            throw ReleaseError(
                .document,
                "layer \(layer.digest) is '\(layer.mediaType.rawValue.prefix(128))', which is not read here: tar, plain or "
                    + "in gzip or zstd, is")
        }
        // Images made from nothing by a tool may not say what they are for.
        let platform = descriptor.platform ?? configuration.platform
        let architecture = Architecture(rawValue: platform.architecture)
        guard platform.os == "linux" || platform.os.isEmpty,
            architecture != nil || platform.architecture.isEmpty
        else { return .other(reason: "it is for \(platform)") }
        return .image(
            PlatformImage(
                architecture: architecture, descriptor: descriptor, manifest: manifest, configuration: configuration,
                documents: [blob, configurationBlob]))
    }

    private func flatten(
        _ image: PlatformImage
    ) throws(ReleaseError) -> (layers: [StagedBlob], flattened: FlattenedImage) {
        var layers: [StagedBlob] = []
        for layer in image.manifest.layers { layers.append(try content.blob(layer)) }
        let pairs = zip(layers, image.configuration.diffIDs).map { (blob: $0, diffID: $1) }
        return (layers, try flattener.flatten(pairs))
    }

    // MARK: - What it is

    private func kind(
        of image: PlatformImage, _ name: ImageName, _ flattened: FlattenedImage, isMarked: Bool
    ) throws(ReleaseError) -> ImageKind {
        if let kind = name.kind { return kind }
        if image.configuration.entrypoint.first == "/bin/installer" { return .installer }
        if flattened.bootFiles.values.contains(where: { $0[.kernel] != nil }) { return .imager }
        if flattened.lists["image-digests"] != nil { return .extensionCatalog }
        if flattened.lists["overlays.yaml"] != nil { return .overlayCatalog }
        if flattened.isSystemExtension { return .systemExtension }
        if flattened.isOverlay { return .overlay }
        if isMarked { return .other }
        throw ReleaseError(
            .unknownKind,
            "it is none of the images of a Talos release: neither its name nor its content says imager, installer, "
                + "extension or overlay, or a catalog of those")
    }

    /// An extension has a manifest and a root file system and nothing else.
    private func checkExtension(_ flattened: FlattenedImage) throws(ReleaseError) {
        for name in ["manifest.yaml", "rootfs"] where !flattened.rootNames.contains(name) {
            throw ReleaseError(.incomplete, "the extension has no '\(name)' for one of its architectures")
        }
        let others = flattened.rootNames.subtracting(["manifest.yaml", "rootfs"])
        if let other = others.sorted().first {
            throw ReleaseError(
                .incomplete, "an extension holds manifest.yaml and rootfs only, and this one '\(other)' as well")
        }
    }

    private func version(
        _ name: ImageName, _ configuration: ImageConfiguration, _ kind: ImageKind
    ) throws(ReleaseError) -> TalosVersion {
        if let version = name.version { return version }
        if let label = configuration.labels["alpha.talos.dev/version"], let version = try? TalosVersion(parsing: label)
        {
            return version
        }
        if let fallbackVersion { return fallbackVersion }
        throw ReleaseError(
            .unknownVersion,
            "nothing says which Talos version this \(kind.rawValue) belongs to; say it with --talos, or give the image a "
                + "name with a tag like v1.13.5")
    }

    // MARK: - Storing

    /// All of what has been made of an image is stored at once: the image, and what is taken out of it.
    private func store(
        _ image: LayoutImage, _ provenance: ImageProvenance, _ version: TalosVersion?, _ kind: ImageKind,
        _ flattened: FlattenedImage, _ platforms: [PlatformImage]
    ) throws(ReleaseError) -> ImportedImage {
        var (blobs, records) = try whole(image, provenance, platforms)
        var architectures = platforms.compactMap(\.architecture)
        if architectures.isEmpty || kind.isReadOnce { architectures = Architecture.allCases }
        if let version {
            let key = version.description
            switch kind {
            case .imager:
                let files = try bootFiles(flattened, provenance, &blobs)
                architectures = files.architectures
                records.append((key, files))
            case .extensionCatalog:
                let extensions = try CatalogDocuments.extensions(
                    imageDigests: list("image-digests", kind, flattened),
                    descriptions: flattened.lists["descriptions.yaml"])
                records.append((key, ExtensionCatalogRecord(provenance: provenance, extensions: extensions)))
            case .overlayCatalog:
                let overlays = try CatalogDocuments.overlays(list("overlays.yaml", kind, flattened))
                records.append((key, OverlayCatalogRecord(provenance: provenance, overlays: overlays)))
            case .installer:
                records.append((key, InstallerRecord(provenance: provenance, subject: image.subject)))
            case .systemExtension, .overlay, .other: break
            }
        }
        try commit(blobs, records)
        return ImportedImage(
            kind: kind, name: image.shownName, version: version, digest: image.subject, architectures: architectures)
    }

    private func bootFiles(
        _ flattened: FlattenedImage, _ provenance: ImageProvenance, _ blobs: inout [StagedBlob]
    ) throws(ReleaseError) -> BootFilesRecord {
        var record = BootFilesRecord(provenance: provenance, files: [:])
        for (architecture, files) in flattened.bootFiles {
            for (name, blob) in files {
                record.files[architecture.rawValue, default: [:]][name.rawValue] = .init(
                    digest: blob.file.digest, length: blob.file.length)
                blobs.append(blob)
            }
        }
        guard !record.architectures.isEmpty else {
            throw ReleaseError(
                .incomplete, "the imager image has no usr/install/<architecture>/vmlinuz with an initramfs.xz beside it"
            )
        }
        return record
    }

    private func list(_ name: String, _ kind: ImageKind, _ flattened: FlattenedImage) throws(ReleaseError) -> [UInt8] {
        guard let list = flattened.lists[name] else {
            throw ReleaseError(.incomplete, "the \(kind.rawValue) has no file '\(name)'")
        }
        return list
    }

    /// The records of an image that is kept as it came, and its blobs.
    private func whole(
        _ image: LayoutImage, _ provenance: ImageProvenance, _ platforms: [PlatformImage]
    ) throws(ReleaseError) -> (blobs: [StagedBlob], records: [(key: String, record: any StoredRecord)]) {
        var record = ImageRecord(provenance: provenance, manifests: [:], onlyManifest: nil)
        if image.index != nil { record.manifests = try presentManifests(of: image.subject) }
        var records: [(String, any StoredRecord)] = []
        var blobs: [StagedBlob] = image.index.map { [$0] } ?? []
        for platform in platforms {
            blobs += platform.documents + platform.layers
            if let architecture = platform.architecture {
                record.manifests[architecture.rawValue] = platform.descriptor.digest
            }
            if image.index == nil {
                record.onlyManifest = platform.descriptor.digest
            } else {
                // A catalog may name the manifest instead of the index it stands in.
                var own = ImageRecord(provenance: provenance, manifests: [:], onlyManifest: platform.descriptor.digest)
                own.provenance.subject = platform.descriptor.digest
                records.append((platform.descriptor.digest.hexadecimal, own))
            }
        }
        records.append((image.subject.hexadecimal, record))
        return (blobs, records)
    }

    /// The images of an index that are here already: one that comes for one architecture does not take away the other.
    private func presentManifests(of subject: Digest) throws(ReleaseError) -> [String: Digest] {
        do throws(StoreError) {
            guard let bytes = try store.record(.images, subject.hexadecimal),
                let known = try? ImageRecord(decodingRecord: bytes)
            else { return [:] }
            return known.manifests.filter { store.length(of: $0.value) != nil }
        } catch {
            throw ReleaseError(error)
        }
    }

    private func commit(
        _ blobs: [StagedBlob], _ records: [(key: String, record: any StoredRecord)]
    ) throws(ReleaseError) {
        do { try store.publish(blobs, records) } catch { throw ReleaseError(error) }
    }
}

/// What an image's name in a layout says about it.
struct ImageName {
    /// What its repository says it is.
    var kind: ImageKind?
    /// The Talos version in its tag.
    var version: TalosVersion?

    /// Reads a name: a reference such as `ghcr.io/siderolabs/imager:v1.13.5`, or a tag alone.
    init(_ text: String?) {
        guard let text else { return }
        if !text.utf8.contains(UInt8(ascii: "/")), let version = try? TalosVersion(parsing: text) {
            self.version = version
            return
        }
        guard let reference = try? ImageReference(parsing: text) else { return }
        switch reference.name {
        case "imager": kind = .imager
        case "installer-base", "installer": kind = .installer
        case "extensions": kind = .extensionCatalog
        case "overlays": kind = .overlayCatalog
        default: break
        }
        version = reference.tag.flatMap { try? TalosVersion(parsing: $0) }
    }
}
