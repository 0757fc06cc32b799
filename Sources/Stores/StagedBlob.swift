import Compositions
import Digests
import Glibc

/// Content that has been written and hashed but does not yet stand in the store: `EmbeddedStore.commit` puts it there,
/// letting go of it removes it.
public final class StagedBlob: Sendable {
    /// The content, in a temporary file that lives as long as this object.
    public let file: StoredFile

    init(file: StoredFile) { self.file = file }

    deinit { unlink(file.path) }
}

/// Takes the bytes of one blob, in order, hashing them on the way. Letting go of it before `EmbeddedStore.finish` removes
/// what was written.
public final class BlobWriter {
    /// How many bytes have been written.
    public private(set) var count: UInt64 = 0
    let path: String
    private let limit: UInt64
    private let descriptor: OwnedDescriptor
    private var hasher: SHA256Hasher? = SHA256Hasher()

    init(path: String, limit: UInt64) throws(StoreError) {
        guard
            let descriptor = try OwnedDescriptor(
                opening: path, O_WRONLY | O_CREAT | O_EXCL, mode: EmbeddedStore.fileMode, "creating")
        else { throw StoreError(errno: ENOENT, "creating", path) }
        self.descriptor = descriptor
        self.path = path
        self.limit = limit
    }

    // Once finished, the file belongs to a StagedBlob.
    deinit { if hasher != nil { unlink(path) } }

    /// Appends `bytes`.
    ///
    /// - Throws: `StoreError` with code `tooLarge` past the limit, `diskFull`, or what else the system refused.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(StoreError) {
        let (total, overflow) = count.addingReportingOverflow(UInt64(bytes.count))
        guard !overflow, total <= limit else {
            throw StoreError(.tooLarge, "the content is longer than the \(limit) bytes allowed")
        }
        try descriptor.write(bytes, path)
        hasher?.update(bytes)
        count = total
    }

    /// Appends `bytes`.
    public func write(_ bytes: [UInt8]) throws(StoreError) {
        // The typed error is carried out by hand: withUnsafeBytes would erase its type.
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(StoreError) in try write(buffer) }
        }
        try result.get()
    }

    func finish() -> StagedBlob {
        guard let hasher = hasher.take() else { preconditionFailure("a blob writer is finished once") }
        return StagedBlob(file: StoredFile(path: path, length: count, digest: hasher.finalize()))
    }
}
