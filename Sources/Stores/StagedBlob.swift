import Compositions
import Digests
import Files
import Glibc
import Synchronization

/// Content that has been written and hashed: in a temporary file at first, which goes when this object does, and in the store
/// once `EmbeddedStore.commit` has put it there. It can be read all the while, and committed any number of times.
public final class StagedBlob: Sendable {
    private let state: Mutex<(file: StoredFile, isStored: Bool)>

    /// The content, where it lies now.
    public var file: StoredFile { state.withLock { $0.file } }

    init(file: StoredFile, isStored: Bool = false) { state = Mutex((file, isStored)) }

    /// The content where it lies in the store, if it does.
    var stored: StoredFile? { state.withLock { $0.isStored ? $0.file : nil } }

    deinit { state.withLock { if !$0.isStored { unlink($0.file.path) } } }

    /// From now on the content lies in the store. A temporary file that is left is removed.
    func move(to stored: StoredFile) {
        let old = state.withLock { state in
            defer { state = (stored, true) }
            return state.isStored ? nil : state.file.path
        }
        if let old, old != stored.path { unlink(old) }
    }
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

    init(session: StoreSession, limit: UInt64) throws(StoreError) {
        path = session.nextPath()
        descriptor = try session.create(path)
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
