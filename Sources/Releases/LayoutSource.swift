import Compositions
import Digests
import OCIModel
import Stores

/// Where a layout's bytes come from: a folder or an archive.
protocol LayoutSource {
    /// How many bytes there are to read, for the progress.
    var byteCount: UInt64 { get }
    /// A file at the layout's root, or nil.
    func rootFile(_ name: String) throws -> [UInt8]?
    /// A copy of a blob in the store's temporary folder, whose digest and length have been checked.
    func stage(_ descriptor: Descriptor) throws -> StagedBlob
}

/// The longest index, manifest or configuration, in bytes, as registries take.
let maximumDocumentLength = JSONLimits.standard.maximumBytes

/// Everything an import has read of a layout so far: content is copied once, whoever asks for it again.
final class LayoutContent {
    let source: any LayoutSource
    let store: EmbeddedStore
    private let progress: ProgressMeter
    private var staged: [Digest: StagedBlob] = [:]

    init(source: any LayoutSource, store: EmbeddedStore, progress: ProgressMeter) {
        self.source = source
        self.store = store
        self.progress = progress
    }

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

func wrongLength(_ descriptor: Descriptor, _ length: UInt64) -> ReleaseError {
    ReleaseError(
        .blob,
        "blob \(descriptor.digest) has \(length) bytes where \(descriptor.size) are expected: the layout is damaged or cut "
            + "off; copy it again")
}

func wrongContent(_ descriptor: Descriptor, _ digest: Digest) -> ReleaseError {
    ReleaseError(
        .blob,
        "blob \(descriptor.digest) holds something else, which hashes to \(digest): the layout is damaged; copy it again"
    )
}

func missing(_ descriptor: Descriptor) -> ReleaseError {
    ReleaseError(
        .blob,
        "blob \(descriptor.digest) (\(descriptor.mediaType)) is not in the layout; copy the image again, for all platforms "
            + "('skopeo copy --all')")
}

/// Counts bytes for the caller, and asks whether to go on.
final class ProgressMeter {
    private let report: (ImportProgress) -> Void
    private let isCancelled: () -> Bool
    private var progress = ImportProgress(bytesDone: 0, bytesTotal: 0)

    init(report: @escaping (ImportProgress) -> Void, isCancelled: @escaping () -> Bool) {
        self.report = report
        self.isCancelled = isCancelled
    }

    func start(total: UInt64) { progress.bytesTotal = total }

    func add(_ count: Int) throws(ReleaseError) {
        progress.bytesDone = min(progress.bytesTotal, progress.bytesDone &+ UInt64(clamping: count))
        report(progress)
        try checkCancellation()
    }

    func finish() {
        progress.bytesDone = progress.bytesTotal
        report(progress)
    }

    func checkCancellation() throws(ReleaseError) {
        if isCancelled() { throw ReleaseError(.cancelled, "the import was cancelled") }
    }
}
