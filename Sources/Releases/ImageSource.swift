import Compositions
import Digests
import OCIModel
import Stores

/// Where images come from. All of an import that is above it deals in descriptors and checked blobs, and knows nothing of
/// folders, archives or registries.
///
/// It blocks until the content is there, however far it comes: call it off the cooperative thread pool.
protocol ImageSource {
    /// Whether the blob is there, as far as can be said without reading it.
    func holds(_ descriptor: Descriptor) -> Bool
    /// A copy of a blob in the store's temporary folder, whose digest and length have been checked.
    func stage(_ descriptor: Descriptor) throws -> StagedBlob
}

/// The longest index, manifest or configuration, in bytes, as registries take.
let maximumDocumentLength = JSONLimits.standard.maximumBytes

/// What has been fetched of a source so far: content is copied once, whoever asks for it again.
final class StagedContent {
    private let source: any ImageSource
    private let store: EmbeddedStore
    private let progress: ProgressMeter
    private var staged: [Digest: StagedBlob] = [:]

    init(source: any ImageSource, store: EmbeddedStore, progress: ProgressMeter) {
        self.source = source
        self.store = store
        self.progress = progress
    }

    /// Whether the blob is there.
    func holds(_ descriptor: Descriptor) -> Bool { staged[descriptor.digest] != nil || source.holds(descriptor) }

    /// The blob that `descriptor` means, checked and ready to be committed.
    func blob(_ descriptor: Descriptor) throws(ReleaseError) -> StagedBlob {
        try progress.checkCancellation()
        if let known = staged[descriptor.digest] {
            guard known.file.length == descriptor.size else { throw wrongLength(descriptor, known.file.length) }
            return known
        }
        do {
            let blob = try source.stage(descriptor)
            guard blob.file.length == descriptor.size else { throw wrongLength(descriptor, blob.file.length) }
            staged[descriptor.digest] = blob
            return blob
        } catch {
            throw ReleaseError(error, reading: "blob \(descriptor.digest)")
        }
    }

    /// The text of an index, manifest or configuration, and its blob.
    func document(_ descriptor: Descriptor) throws(ReleaseError) -> (bytes: [UInt8], blob: StagedBlob) {
        guard descriptor.size <= UInt64(maximumDocumentLength) else {
            throw ReleaseError(
                .limit,
                "\(descriptor.mediaType) \(descriptor.digest) has \(descriptor.size) bytes, and \(maximumDocumentLength) "
                    + "are allowed")
        }
        let blob = try blob(descriptor)
        do { return (try blob.file.contents(limit: maximumDocumentLength), blob) } catch { throw ReleaseError(error) }
    }

    /// The text of the layout's own index, as a blob that can be committed.
    func rootIndex(_ bytes: [UInt8]) throws(ReleaseError) -> StagedBlob {
        do {
            let blob = try store.stage(expecting: nil, limit: UInt64(bytes.count)) { try $0.write(bytes) }
            staged[blob.file.digest] = blob
            return blob
        } catch {
            throw ReleaseError(error, reading: "index.json")
        }
    }
}
