import Compositions
import Digests
import OCIModel
import Stores
import TalosModel
import TarArchives
import Trust

/// What of a store is wanted in a layout.
public struct ExportSelection: Hashable, Sendable {
    /// Releases, with all that their catalogs list.
    public var versions: [TalosVersion]
    /// Further images, by the names or digests that they were imported under.
    public var images: [String]
    /// The architectures; all that are there if it is empty.
    public var architectures: Set<Architecture>

    /// A selection.
    public init(versions: [TalosVersion] = [], images: [String] = [], architectures: Set<Architecture> = []) {
        self.versions = versions
        self.images = images
        self.architectures = architectures
    }
}

/// An OCI layout out of a store: its blobs stay where they lie, and are whatever their names say.
///
/// An index keeps all of its entries, since its digest is what catalogs pin and signatures sign, also where the images of some
/// architectures are not in the layout.
public struct ExportedLayout: Sendable {
    /// A file of the layout.
    public struct Member: Sendable {
        /// Its path in the layout.
        public var path: String
        /// Its content.
        public var content: Composition
    }

    /// The files, `index.json` last: without it nobody takes the rest for a layout.
    public let members: [Member]
    /// What catalogs list and the store has not, a name each.
    public let missing: [String]
    /// How many images there are.
    public let imageCount: Int
    /// How many signatures and other things that refer to them.
    public let referrerCount: Int

    /// The layout as a tar archive.
    public func archive() throws(ReleaseError) -> Composition {
        var segments: [Segment] = []
        func add(_ entry: TarEntry, _ content: [Segment]) throws(ReleaseError) {
            do { segments.append(.bytes(try entry.encode())) } catch {
                throw ReleaseError(error, reading: entry.path)
            }
            segments += content
            segments.append(.bytes(TarArchive.padding(after: entry.size)))
        }
        for folder in ["blobs", "blobs/sha256"] { try add(TarEntry(path: folder, kind: .directory, mode: 0o755), []) }
        for member in members {
            var entry = TarEntry(path: member.path, kind: .file, mode: 0o644)
            entry.size = member.content.length
            try add(entry, member.content.segments)
        }
        segments.append(.bytes(TarArchive.trailer))
        return Composition(segments)
    }
}

extension ReleaseCatalog {
    /// Puts a layout together. Every blob is read and hashed, once in a process; call it off the cooperative thread pool.
    ///
    /// - Parameter progress: called now and then with how many bytes have been looked at.
    /// - Throws: `ReleaseError`, with code `notImported` for a version or an image that is not here, and `blob` for what is
    ///   damaged.
    public func exportedLayout(
        _ selection: ExportSelection, progress: @escaping (UInt64) -> Void = { _ in }
    ) throws(ReleaseError) -> ExportedLayout {
        var builder = LayoutBuilder(store: store, snapshot: snapshot, selection: selection, progress: progress)
        for version in selection.versions { try builder.add(version) }
        for image in selection.images { try builder.add(image: image) }
        return builder.finish()
    }
}

private struct LayoutBuilder {
    let store: EmbeddedStore
    let snapshot: CatalogSnapshot
    let selection: ExportSelection
    let progress: (UInt64) -> Void
    private var entries: [Descriptor] = []
    private var added: Set<Digest> = []
    private var blobs: [Digest: StoredFile] = [:]
    private var missing: [String] = []
    private var imageCount = 0
    private var referrerCount = 0
    private var byteCount: UInt64 = 0

    init(
        store: EmbeddedStore, snapshot: CatalogSnapshot, selection: ExportSelection,
        progress: @escaping (UInt64) -> Void
    ) {
        self.store = store
        self.snapshot = snapshot
        self.selection = selection
        self.progress = progress
    }

    mutating func add(_ version: TalosVersion) throws(ReleaseError) {
        guard let release = snapshot.summary(version) else {
            throw ReleaseError(
                .notImported, "Talos \(version.tag) is not in the store; 'slipway release list' shows what is")
        }
        for (title, provenance) in release.ownImages {
            guard let provenance else { continue }
            guard snapshot.images[provenance.subject] != nil else {
                throw ReleaseError(
                    .notImported,
                    "the image of the \(title) of \(version.tag) is not here as a whole, only what machines need of it; import it "
                        + "again")
            }
            try add(provenance.subject, named: provenance.reference)
        }
        for entry in release.extensions { try addListed(entry.digest, named: entry.reference) }
        for entry in release.overlays { try addListed(entry.digest, named: entry.reference) }
    }

    mutating func add(image name: String) throws(ReleaseError) {
        let subject = try snapshot.image(named: name)
        try add(subject, named: snapshot.images[subject]?.provenance.reference)
    }

    private mutating func addListed(_ digest: Digest, named reference: String) throws(ReleaseError) {
        guard snapshot.images[digest] != nil else {
            if !missing.contains(reference) { missing.append(reference) }
            return
        }
        try add(digest, named: reference)
    }

    private mutating func add(_ subject: Digest, named name: String?) throws(ReleaseError) {
        guard let record = snapshot.images[subject], added.insert(subject).inserted else { return }
        let title = name ?? "\(subject)"
        var manifests = Set([record.onlyManifest].compactMap(\.self))
        for (architecture, manifest) in record.manifests
        where selection.architectures.isEmpty
            || selection.architectures.contains(where: { $0.rawValue == architecture })
        {
            manifests.insert(manifest)
        }
        guard !manifests.isEmpty else {
            missing.append("\(title) for \(selection.architectures.map(\.rawValue).sorted().joined(separator: ", "))")
            return
        }
        let document = try blob(subject, of: title)
        let mediaType = try self.mediaType(of: document, title)
        for manifest in manifests.sorted() { try addManifest(manifest, of: title) }
        var annotations: [String: String] = [:]
        if let name {
            annotations["org.opencontainers.image.ref.name"] = name
            annotations["io.containerd.image.name"] = name
            if ImageName(name).kind == nil { annotations[Descriptor.kindAnnotation] = ImageKind.other.rawValue }
        }
        entries.append(
            Descriptor(mediaType: mediaType, digest: subject, size: document.length, annotations: annotations))
        imageCount += 1
        try addReferrers(of: subject, named: name)
    }

    private mutating func addManifest(_ digest: Digest, of title: String) throws(ReleaseError) {
        let file = try blob(digest, of: title)
        do {
            let manifest = try Manifest(decoding: file.contents(limit: maximumDocumentLength)[...])
            for part in [manifest.configuration] + manifest.layers { _ = try blob(part.digest, of: title) }
        } catch {
            throw ReleaseError(error, reading: title)
        }
    }

    private mutating func addReferrers(of subject: Digest, named name: String?) throws(ReleaseError) {
        let bytes: [UInt8]?
        do { bytes = try store.record(.referrers, subject.hexadecimal) } catch { throw ReleaseError(error) }
        guard let bytes, let record = try? ReferrersRecord(decodingRecord: bytes) else { return }
        let repository = name.flatMap { try? ImageReference(parsing: $0) }
            .map { ImageReference(registry: $0.registry, repository: $0.repository) }
        for referrer in record.referrers where added.insert(referrer.digest).inserted {
            try addManifest(referrer.digest, of: "what refers to \(name ?? "\(subject)")")
            var annotations: [String: String] = [:]
            if let tag = referrer.tag {
                annotations["org.opencontainers.image.ref.name"] = repository.map { "\($0):\(tag)" } ?? tag
            }
            entries.append(
                Descriptor(
                    mediaType: MediaType(rawValue: referrer.mediaType), digest: referrer.digest, size: referrer.length,
                    annotations: annotations))
            referrerCount += 1
        }
    }

    private mutating func blob(_ digest: Digest, of title: String) throws(ReleaseError) -> StoredFile {
        if let known = blobs[digest] { return known }
        do {
            guard let file = try store.blob(digest) else {
                throw ReleaseError(.blob, "\(title): its blob \(digest) is gone from the store; import it again")
            }
            blobs[digest] = file
            byteCount &+= file.length
            progress(byteCount)
            return file
        } catch {
            throw ReleaseError(error, reading: title)
        }
    }

    private func mediaType(of document: StoredFile, _ title: String) throws(ReleaseError) -> MediaType {
        do {
            let bytes = try document.contents(limit: maximumDocumentLength)
            if let index = try? Index(decoding: bytes[...]) { return index.mediaType }
            return try Manifest(decoding: bytes[...]).mediaType
        } catch {
            throw ReleaseError(error, reading: title)
        }
    }

    func finish() -> ExportedLayout {
        var members = [
            ExportedLayout.Member(
                path: "oci-layout", content: Composition([.bytes(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))]))
        ]
        for (digest, file) in blobs.sorted(by: { $0.key < $1.key }) {
            members.append(.init(path: "blobs/sha256/\(digest.hexadecimal)", content: Composition([.file(file)])))
        }
        members.append(.init(path: "index.json", content: Composition([.bytes(Index(manifests: entries).encode())])))
        return ExportedLayout(
            members: members, missing: missing, imageCount: imageCount, referrerCount: referrerCount)
    }
}

extension CatalogSnapshot {
    /// The image that was imported under a name, or has a digest.
    ///
    /// - Throws: `ReleaseError` with code `notImported`; `ambiguous`, where the name has stood for several.
    func image(named name: String) throws(ReleaseError) -> Digest {
        let reference = try? ImageReference(parsing: name)
        if let digest = Digest(parsing: name) ?? reference?.digest, images[digest] != nil { return digest }
        // Without a tag, the latest is meant, as registries have it.
        let names = [name] + (reference?.tag == nil && reference?.digest == nil ? ["\(name):latest"] : [])
        var found = images.filter { names.contains($0.value.provenance.reference ?? "") }
        // The manifests of an index have its name as well.
        for record in found.values {
            for manifest in record.manifests.values where found.count > 1 && manifest != record.provenance.subject {
                found[manifest] = nil
            }
        }
        guard let subject = found.keys.first else {
            throw ReleaseError(
                .notImported, "the image \(name) is not in the store; name it as it was imported, or by its digest")
        }
        guard found.count == 1 else {
            let digests = found.keys.sorted().map(\.description).joined(separator: ", ")
            throw ReleaseError(
                .ambiguous,
                "\(name) has stood for several images that are in the store; name one by its digest: \(digests)")
        }
        return subject
    }
}
