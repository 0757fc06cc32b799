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
        case skipped(reason: String)
    }

    func importImage(_ image: LayoutImage) throws(ReleaseError) -> Outcome {
        var platforms: [PlatformImage] = []
        for descriptor in image.manifests {
            switch try read(descriptor) {
            case .image(let platform): platforms.append(platform)
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
        let kind = try kind(of: main, name, flattened)
        switch kind {
        case .imager:
            let version = try version(name, main.configuration, kind)
            return try .imported(storeBootFiles(image, provenance, version, flattened))
        case .extensionCatalog, .overlayCatalog:
            let version = try version(name, main.configuration, kind)
            return try .imported(storeCatalog(image, provenance, version, kind, flattened))
        case .installer, .systemExtension, .overlay:
            let version = kind == .installer ? try version(name, main.configuration, kind) : nil
            var whole: [PlatformImage] = []
            for var platform in platforms {
                if platform.descriptor.digest == main.descriptor.digest {
                    platform.layers = layers
                } else {
                    let other = try flatten(platform)
                    if kind == .systemExtension { try checkExtension(other.flattened) }
                    platform.layers = other.layers
                }
                whole.append(platform)
            }
            return try .imported(storeWhole(image, provenance, version, kind, whole))
        }
    }

    // MARK: - Reading

    private enum ReadManifest {
        case image(PlatformImage)
        case other(reason: String)
    }

    private func read(_ descriptor: Descriptor) throws(ReleaseError) -> ReadManifest {
        let (bytes, blob) = try content.document(descriptor)
        let manifest: Manifest
        do { manifest = try Manifest(decoding: bytes[...]) } catch {
            throw ReleaseError(.document, "manifest \(descriptor.digest): \(error)", cause: error)
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
        of image: PlatformImage, _ name: ImageName, _ flattened: FlattenedImage
    ) throws(ReleaseError) -> ImageKind {
        if let kind = name.kind { return kind }
        if image.configuration.entrypoint.first == "/bin/installer" { return .installer }
        if flattened.bootFiles.values.contains(where: { $0[.kernel] != nil }) { return .imager }
        if flattened.lists["image-digests"] != nil { return .extensionCatalog }
        if flattened.lists["overlays.yaml"] != nil { return .overlayCatalog }
        if flattened.rootNames.isSuperset(of: ["manifest.yaml", "rootfs"]) {
            try checkExtension(flattened)
            return .systemExtension
        }
        if !flattened.rootNames.isDisjoint(with: ["installers", "profiles"]),
            flattened.rootNames.isSubset(of: ["artifacts", "installers", "profiles"])
        {
            return .overlay
        }
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

    private func storeBootFiles(
        _ image: LayoutImage, _ provenance: ImageProvenance, _ version: TalosVersion, _ flattened: FlattenedImage
    ) throws(ReleaseError) -> ImportedImage {
        var record = BootFilesRecord(provenance: provenance, files: [:])
        var blobs: [StagedBlob] = []
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
        try commit(blobs, [(version.description, record)])
        return ImportedImage(
            kind: .imager, name: image.shownName, version: version, digest: image.subject,
            architectures: record.architectures)
    }

    private func storeCatalog(
        _ image: LayoutImage, _ provenance: ImageProvenance, _ version: TalosVersion, _ kind: ImageKind,
        _ flattened: FlattenedImage
    ) throws(ReleaseError) -> ImportedImage {
        let listName = kind == .extensionCatalog ? "image-digests" : "overlays.yaml"
        guard let list = flattened.lists[listName] else {
            throw ReleaseError(.incomplete, "the \(kind.rawValue) has no file '\(listName)'")
        }
        if kind == .extensionCatalog {
            let extensions = try CatalogDocuments.extensions(
                imageDigests: list, descriptions: flattened.lists["descriptions.yaml"])
            let record = ExtensionCatalogRecord(provenance: provenance, extensions: extensions)
            try commit([], [(version.description, record)])
        } else {
            let record = OverlayCatalogRecord(provenance: provenance, overlays: try CatalogDocuments.overlays(list))
            try commit([], [(version.description, record)])
        }
        return ImportedImage(
            kind: kind, name: image.shownName, version: version, digest: image.subject,
            architectures: Architecture.allCases)
    }

    private func storeWhole(
        _ image: LayoutImage, _ provenance: ImageProvenance, _ version: TalosVersion?, _ kind: ImageKind,
        _ platforms: [PlatformImage]
    ) throws(ReleaseError) -> ImportedImage {
        var record = ImageRecord(provenance: provenance, manifests: [:], onlyManifest: nil)
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
        if let version {
            let installer = InstallerRecord(provenance: provenance, subject: image.subject)
            records.append((version.description, installer))
        }
        try commit(blobs, records)
        let architectures = platforms.compactMap(\.architecture)
        return ImportedImage(
            kind: kind, name: image.shownName, version: version, digest: image.subject,
            architectures: architectures.isEmpty ? Architecture.allCases : architectures)
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
