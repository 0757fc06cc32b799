import Compositions
import Digests
import OCIModel
import Registries
import Stores
import TalosModel
import Workers

/// Brings images from registries into the store, blob by blob. A blob that is in the store already is not fetched.
struct RegistryFetch: Sendable {
    let client: RegistryClient
    let store: EmbeddedStore
    let disk: BlockingWork
    let limits: ImportLimits
    let progress: FetchProgress
    /// The architectures whose images are wanted.
    let architectures: Set<Architecture>
    private let blobs = SingleFlight<Digest, StagedBlob>()

    init(
        client: RegistryClient, store: EmbeddedStore, disk: BlockingWork, limits: ImportLimits, progress: FetchProgress,
        architectures: Set<Architecture>
    ) {
        self.client = client
        self.store = store
        self.disk = disk
        self.limits = limits
        self.progress = progress
        self.architectures = architectures
    }

    /// An image whose blobs are all in the store.
    struct Fetched: Sendable {
        var image: LayoutImage
        var content: FetchedContent
        var byteCount: UInt64
    }

    /// An image, all of it.
    ///
    /// - Throws: `RegistryError`, `ReleaseError`, `StoreError`; `CancellationError`.
    func image(_ wanted: WantedImage) async throws -> Fetched {
        let document = try await client.document(wanted.place)
        let repository = try Repository(of: wanted.place)
        var content = FetchedContent()
        let subject = try await keep(document, in: &content)
        var image = LayoutImage(name: wanted.name, subject: document.digest, manifests: [document.descriptor])
        var manifests = [document]
        if let index = try Self.reading(wanted.name, { try document.index() }) {
            image.index = subject
            image.manifests = try chosen(from: index, of: wanted)
            manifests = []
            for descriptor in image.manifests {
                guard descriptor.size <= UInt64(maximumDocumentLength) else {
                    throw ReleaseError(.limit, "\(wanted.name): its manifest \(descriptor.digest) is too long")
                }
                var place = wanted.place
                place.digest = descriptor.digest
                let manifest = try await client.document(place)
                _ = try await keep(manifest, in: &content)
                manifests.append(manifest)
            }
        }
        var parts: [Descriptor] = []
        for document in manifests {
            guard let manifest = try Self.reading(wanted.name, { try document.manifest() }) else {
                throw ReleaseError(.document, "\(wanted.name): the index names another index as an image")
            }
            for part in [manifest.configuration] + manifest.layers
            where !parts.contains(where: { $0.digest == part.digest }) {
                parts.append(part)
            }
        }
        let byteCount = try Self.sum(parts, limit: limits.layoutBytes, of: wanted.name)
        progress.expect(byteCount)
        for part in parts { content.blobs[part.digest] = try await blob(part, of: repository) }
        return Fetched(image: image, content: content, byteCount: byteCount)
    }

    /// A blob, as it is in the store or as the registry has it; once, however many ask for it at the same time.
    func blob(_ descriptor: Descriptor, of repository: Repository) async throws -> StagedBlob {
        try await blobs.value(for: descriptor.digest) { [self] in
            if let stored = try await disk.run({ try present(descriptor) }) {
                progress.add(descriptor.size)
                return stored
            }
            let sink = StoreSink(descriptor, store: store, disk: disk, progress: progress)
            try await client.blob(descriptor, of: repository, into: sink)
            return try await sink.finish()
        }
    }

    /// What is damaged has been moved aside, and is fetched like what is not there.
    private func present(_ descriptor: Descriptor) throws(StoreError) -> StagedBlob? {
        do {
            guard let blob = try store.stagedBlob(descriptor.digest), blob.file.length == descriptor.size else {
                return nil
            }
            return blob
        } catch {
            guard error.code == .corrupt else { throw error }
            return nil
        }
    }

    private func keep(_ document: RegistryDocument, in content: inout FetchedContent) async throws -> StagedBlob {
        let bytes = document.bytes
        let blob = try await disk.run { [store] in
            try store.stage(expecting: document.digest, limit: UInt64(bytes.count)) { try $0.write(bytes) }
        }
        content.blobs[document.digest] = blob
        return blob
    }

    /// The manifests of an index that are wanted.
    private func chosen(from index: Index, of wanted: WantedImage) throws(ReleaseError) -> [Descriptor] {
        let kept = index.manifests.filter { $0.mediaType.isManifest && LayoutImageFinder.isKept($0) }
        guard kept.count <= limits.platforms else {
            throw ReleaseError(
                .limit,
                "\(wanted.name) lists \(kept.count) images for linux, and \(limits.platforms) are allowed")
        }
        func isFor(_ architecture: Architecture, _ descriptor: Descriptor) -> Bool {
            descriptor.platform?.architecture == architecture.rawValue
        }
        if wanted.expected.isReadOnce {
            // One image holds what is needed of all architectures.
            return [kept.first { isFor(.amd64, $0) } ?? kept.first].compactMap(\.self)
        }
        let chosen = kept.filter { descriptor in
            descriptor.platform == nil || architectures.contains { isFor($0, descriptor) }
        }
        guard !chosen.isEmpty else {
            let names = architectures.map { "linux/\($0.rawValue)" }.sorted().joined(separator: " or ")
            throw ReleaseError(.incomplete, "\(wanted.name) has nothing for \(names)")
        }
        return chosen
    }

    /// How many bytes blobs have together.
    static func sum(_ parts: [Descriptor], limit: UInt64, of name: String) throws(ReleaseError) -> UInt64 {
        var sum: UInt64 = 0
        for part in parts {
            let (next, overflow) = sum.addingReportingOverflow(part.size)
            guard !overflow, next <= limit else {
                throw ReleaseError(.limit, "\(name) has more than the \(limit) bytes that are allowed")
            }
            sum = next
        }
        return sum
    }

    private static func reading<Value>(_ name: String, _ body: () throws -> Value) throws(ReleaseError) -> Value {
        do { return try body() } catch { throw ReleaseError(error, reading: name) }
    }
}

/// The blobs of one image, all of which are here.
struct FetchedContent: ImageSource, Sendable {
    var blobs: [Digest: StagedBlob] = [:]

    func holds(_ descriptor: Descriptor) -> Bool { blobs[descriptor.digest] != nil }

    func stage(_ descriptor: Descriptor) throws -> StagedBlob {
        guard let blob = blobs[descriptor.digest] else { throw missing(descriptor) }
        return blob
    }
}
