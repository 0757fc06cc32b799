import Compositions
import Digests
import OCIModel
import Stores

/// An OCI layout as a source of images: a folder or an archive.
protocol LayoutSource: ImageSource {
    /// How many bytes there are to read, for the progress.
    var byteCount: UInt64 { get }
    /// A file at the layout's root, or nil.
    func rootFile(_ name: String) throws -> [UInt8]?
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
