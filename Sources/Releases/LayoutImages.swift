import Compositions
import Digests
import OCIModel
import Stores
import TalosModel

/// An image as a layout lists it: one manifest, or an index with a manifest for each platform.
struct LayoutImage: Sendable {
    /// The name it was given, if any.
    var name: String?
    /// The digest of its index, or of its manifest when it has no index.
    var subject: Digest
    /// The index, ready to be committed.
    var index: StagedBlob?
    /// Whether the layout says that it is an image of another product.
    var isOther = false
    /// The manifests, those for other platforms and about other manifests left out.
    var manifests: [Descriptor]

    /// What to call it in messages.
    var shownName: String { name ?? "\(subject)" }
}

/// Finds the images of a layout in its index and the indexes that one names.
struct LayoutImageFinder {
    let layout: any LayoutSource
    let content: StagedContent
    let limits: ImportLimits
    private(set) var images: [LayoutImage] = []
    private(set) var failures: [ImportFailure] = []
    private(set) var skipped: [ImportReport.SkippedEntry] = []
    private var entries = 0
    private var indexes: [Digest: Index] = [:]

    init(layout: any LayoutSource, content: StagedContent, limits: ImportLimits) {
        self.layout = layout
        self.content = content
        self.limits = limits
    }

    /// Reads the layout's index.
    mutating func read(_ path: String) throws(ReleaseError) {
        let remedy = "; \(ReleaseError.layoutRemedy)"
        let bytes: [UInt8]
        do {
            guard let marker = try layout.rootFile("oci-layout") else {
                throw ReleaseError(.notALayout, "\(path) is not an OCI layout: it has no file oci-layout" + remedy)
            }
            let version = try? JSONValue(decoding: marker[...])["imageLayoutVersion"]
            guard case .string(let text)? = version, text.utf8.starts(with: "1.".utf8) else {
                throw ReleaseError(
                    .notALayout, "\(path) is not an OCI layout of version 1: see its file oci-layout" + remedy)
            }
            guard let index = try layout.rootFile("index.json") else {
                throw ReleaseError(.notALayout, "\(path) is not an OCI layout: it has no file index.json" + remedy)
            }
            bytes = index
        } catch {
            throw ReleaseError(error, reading: path)
        }
        let index: Index
        do { index = try Index(decoding: bytes[...]) } catch {
            throw ReleaseError(.document, "\(path)/index.json: \(error)", cause: error)
        }
        guard !index.manifests.isEmpty else {
            throw ReleaseError(.noImages, "\(path) holds no images: its index.json lists none" + remedy)
        }
        // Some tools write an image's own index as the layout's: then its digest is the name a catalog knows it by.
        if index.manifests.count > 1, index.manifests.allSatisfy({ $0.platform != nil }), isOneImage(index) {
            let blob = try content.rootIndex(bytes)
            try append(index, named: nil, subject: blob.file.digest, blob: blob, isOther: false)
            return
        }
        for descriptor in index.manifests { try visit(descriptor, inherited: nil, depth: 1) }
    }

    private mutating func visit(_ descriptor: Descriptor, inherited: String?, depth: Int) throws(ReleaseError) {
        try count(1)
        let name = descriptor.name ?? inherited
        guard descriptor.mediaType.isIndex else {
            try visitManifest(descriptor, name)
            return
        }
        do throws(ReleaseError) {
            guard depth <= limits.indexDepth else {
                throw ReleaseError(
                    .limit, "indexes nest deeper than \(limits.indexDepth) at \(descriptor.digest)")
            }
            let (index, blob) = try index(descriptor)
            if isOneImage(index) {
                try append(
                    index, named: name, subject: descriptor.digest, blob: blob, isOther: descriptor.isMarkedAsOther)
            } else {
                for child in index.manifests { try visit(child, inherited: name, depth: depth + 1) }
            }
        } catch {
            if error.endsImport || entries > 2 * limits.images { throw error }
            failures.append(
                ImportFailure(name: name ?? "\(descriptor.digest)", digest: descriptor.digest, error: error))
        }
    }

    /// Counts entries of indexes, those of an image's own index too, each time that they are come upon.
    private mutating func count(_ number: Int) throws(ReleaseError) {
        entries += number
        guard entries <= 2 * limits.images else {
            throw ReleaseError(.limit, "the layout's indexes list more than \(2 * limits.images) entries")
        }
    }

    /// Reads an index once, however often it is mentioned.
    private mutating func index(_ descriptor: Descriptor) throws(ReleaseError) -> (Index, StagedBlob) {
        if let known = indexes[descriptor.digest] { return (known, try content.blob(descriptor)) }
        let (bytes, blob) = try content.document(descriptor)
        do {
            let index = try Index(decoding: bytes[...])
            indexes[descriptor.digest] = index
            return (index, blob)
        } catch {
            throw ReleaseError(.document, "index \(descriptor.digest): \(error)", cause: error)
        }
    }

    private mutating func visitManifest(_ descriptor: Descriptor, _ name: String?) throws(ReleaseError) {
        let shown = name ?? "\(descriptor.digest)"
        guard descriptor.mediaType.isManifest else {
            skipped.append(.init(name: shown, reason: "'\(descriptor.mediaType.rawValue.prefix(128))' is not an image"))
            return
        }
        if let kind = descriptor.cosignKind, !kind.utf8.starts(with: "image".utf8) {
            skipped.append(
                .init(name: shown, reason: "it is cosign's '\(kind.prefix(64))' about an image, and no image"))
            return
        }
        guard Self.isKept(descriptor) else {
            skipped.append(
                .init(name: shown, reason: "it is for \(descriptor.platform.map { "\($0)" } ?? "no platform")"))
            return
        }
        guard images.count < limits.images else {
            throw ReleaseError(.limit, "the layout has more than \(limits.images) images")
        }
        images.append(
            LayoutImage(
                name: name, subject: descriptor.digest, index: nil, isOther: descriptor.isMarkedAsOther,
                manifests: [descriptor]))
    }

    private mutating func append(
        _ index: Index, named name: String?, subject: Digest, blob: StagedBlob, isOther: Bool
    ) throws(ReleaseError) {
        try count(index.manifests.count)
        guard images.count < limits.images else {
            throw ReleaseError(.limit, "the layout has more than \(limits.images) images")
        }
        let kept = index.manifests.filter { $0.mediaType.isManifest && Self.isKept($0) }
        if kept.isEmpty {
            let reason = "it has nothing for linux/amd64 or linux/arm64"
            skipped.append(.init(name: name ?? "\(subject)", reason: reason))
        } else if kept.count > limits.platforms {
            throw ReleaseError(
                .limit, "index \(subject) lists \(kept.count) images for linux, and \(limits.platforms) are allowed")
        } else {
            images.append(LayoutImage(name: name, subject: subject, index: blob, isOther: isOther, manifests: kept))
        }
    }

    /// Whether an index is one image for several platforms rather than a list of images: its entries are manifests without
    /// names, no two for the same platform.
    private func isOneImage(_ index: Index) -> Bool {
        let images = index.manifests.filter { !$0.isAttestation }
        guard images.allSatisfy({ $0.mediaType.isManifest && $0.name == nil }) else { return false }
        return Set(images.map(\.platform)).count == images.count
    }

    /// Whether a manifest is for a platform that Talos has, or leaves it to its configuration to say.
    static func isKept(_ descriptor: Descriptor) -> Bool {
        guard !descriptor.isAttestation else { return false }
        guard let platform = descriptor.platform else { return true }
        return platform.os == "linux" && Architecture(rawValue: platform.architecture) != nil
    }
}

extension Descriptor {
    /// The annotation by which a layout says what an image is for, where its name and content do not.
    static let kindAnnotation = "io.slipway.kind"

    fileprivate var isMarkedAsOther: Bool { annotations[Self.kindAnnotation] == ImageKind.other.rawValue }

    /// What 'cosign save' says that an entry of its layouts is, where it has written it: image, imageIndex, sigs, atts.
    fileprivate var cosignKind: Substring? {
        let prefix = "dev.cosignproject.cosign/"
        guard let kind = annotations["kind"], kind.utf8.starts(with: prefix.utf8) else { return nil }
        return kind[kind.utf8.index(kind.startIndex, offsetBy: prefix.utf8.count)...]
    }
}
