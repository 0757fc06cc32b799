import Compositions
import Digests
import Glibc
import Synchronization

/// A folder of content-addressed blobs and small named records that survives a kill at any moment.
///
/// ```
/// root/blobs/sha256/<64 hex>     immutable content, named by its digest
/// root/records/<kind>/<key>      small named values, replaced whole
/// root/temporary/<session>.<n>   what is being written; <session>.lock is held by the process that writes it
/// root/corrupt/<64 hex>.<…>      blobs that were not what their names say, kept for the operator to look at
/// root/lock                      held for an instant while a process starts
/// ```
///
/// Content is written to a temporary name, synced, renamed, and the folder is synced: a name in `blobs` or `records`
/// always stands for something whole. Any number of processes may have the same folder open, since they meet only in
/// renames: `slipway release import` works beside a running daemon. Each process holds a lock on its own temporary
/// files; the kernel drops the lock when the process ends however it ends, and whoever starts next removes what the dead
/// left.
///
/// Everything here blocks; call it off the cooperative thread pool.
public final class EmbeddedStore: Sendable {
    /// What may be done with a store.
    public enum Access: Hashable, Sendable {
        /// Everything.
        case readWrite
        /// Nothing is created, moved or removed; the folder must exist.
        case readOnly
    }

    /// Owner and group only: records can hold machines' secrets.
    static let fileMode: mode_t = 0o640
    static let folderMode: mode_t = 0o750

    /// The folder.
    public let root: String
    /// What may be done.
    public let access: Access
    let session: StoreSession?
    /// The blobs whose content has been hashed by this process, and the state of their files at that time.
    private let verified = Mutex<[Digest: FileIdentity]>([:])

    /// Opens the store in the folder `root`, making the folder where there is none, and removes what processes that were
    /// killed left half-written.
    ///
    /// - Throws: `StoreError`: the folder can't be made or written, or another process holds its lock for five seconds.
    public init(root: String, access: Access = .readWrite) throws(StoreError) {
        self.root = root
        self.access = access
        switch access {
        case .readWrite:
            session = try StoreSession(root: root)
        case .readOnly:
            guard let identity = try FileIdentity(root + "/blobs"), !identity.isRegular else {
                throw StoreError(
                    .inputOutput, "\(root) is not a store: it has no folder 'blobs'. Import a release first")
            }
            session = nil
        }
    }

    var blobFolder: String { root + "/blobs/sha256" }
    func path(of digest: Digest) -> String { "\(blobFolder)/\(digest.hexadecimal)" }

    func writableSession() throws(StoreError) -> StoreSession {
        guard let session else { throw StoreError(.readOnly, "\(root) was opened for reading only") }
        return session
    }

    // MARK: - Reading

    /// The blob with this digest, or nil if the store has none.
    ///
    /// A blob is hashed before its first use in this process, and again when its file has changed since.
    ///
    /// - Throws: `StoreError` with code `corrupt` when the content is not what the name says. The file has then been
    ///   moved to the folder `corrupt`, so that it is not met again and can be imported anew.
    public func blob(_ digest: Digest) throws(StoreError) -> StoredFile? {
        let path = path(of: digest)
        guard let identity = try FileIdentity(path) else { return nil }
        let file = StoredFile(path: path, length: identity.length, digest: digest)
        if verified.withLock({ $0[digest] == identity }) { return file }
        guard identity.isRegular else {
            throw quarantine(digest, identity, "is not a regular file")
        }
        var hasher = SHA256Hasher()
        var length: UInt64 = 0
        do {
            try file.read { chunk in
                hasher.update(chunk)
                length += UInt64(chunk.count)
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.inputOutput, "reading \(path): \(error)")
        }
        let found = hasher.finalize()
        guard found == digest else {
            throw quarantine(digest, identity, "holds \(length) bytes that hash to \(found)")
        }
        verified.withLock { $0[digest] = identity }
        return file
    }

    /// Whether a blob with this digest is stored, without reading it.
    public func contains(_ digest: Digest) -> Bool { Glibc.access(path(of: digest), F_OK) == 0 }

    private func quarantine(_ digest: Digest, _ identity: FileIdentity, _ fault: String) -> StoreError {
        let path = path(of: digest)
        verified.withLock { $0[digest] = nil }
        var outcome = "It stays where it is"
        // Another process may have put a good one in its place meanwhile; that one stays.
        if let session, (try? FileIdentity(path)) == identity {
            let aside = "\(root)/corrupt/\(digest.hexadecimal).\(session.nextName())"
            if rename(path, aside) == 0 { outcome = "It was moved to \(aside)" }
        }
        return StoreError(
            .corrupt,
            "the stored blob \(digest) at \(path) is corrupt: it \(fault). \(outcome); import what it belongs to again, "
                + "and look at the disk")
    }

    // MARK: - Writing

    /// Stores `bytes`.
    public func put(_ bytes: [UInt8]) throws(StoreError) -> StoredFile {
        let writer = try writer(limit: .max)
        try writer.write(bytes)
        return try commit(finish(writer))
    }

    /// Stores what `body` writes, all or nothing.
    ///
    /// - Parameters:
    ///   - expecting: the digest the content must have, where it is known.
    ///   - limit: how many bytes it may have at most.
    /// - Throws: what `body` throws, or `StoreError`. Nothing is left behind then.
    public func ingest(
        expecting: Digest?, limit: UInt64, _ body: (inout BlobWriter) throws -> Void
    ) throws -> StoredFile {
        try commit(stage(expecting: expecting, limit: limit, body))
    }

    /// Writes and hashes content without putting it into the store yet, for things that must appear together.
    public func stage(
        expecting: Digest?, limit: UInt64, _ body: (inout BlobWriter) throws -> Void
    ) throws -> StagedBlob {
        var writer = try writer(limit: limit)
        try body(&writer)
        return try finish(writer, expecting: expecting)
    }

    /// A writer for content of at most `limit` bytes, for sources that push; it ends with `finish`.
    public func writer(limit: UInt64) throws(StoreError) -> BlobWriter {
        try BlobWriter(path: try writableSession().nextPath(), limit: limit)
    }

    /// The content that `writer` took, staged. Only once for each writer.
    ///
    /// - Throws: `StoreError` with code `digestMismatch` if it does not have the digest that was promised.
    public func finish(_ writer: BlobWriter, expecting: Digest? = nil) throws(StoreError) -> StagedBlob {
        let staged = writer.finish()
        if let expecting, expecting != staged.file.digest {
            throw StoreError(
                .digestMismatch,
                "\(staged.file.length) bytes hash to \(staged.file.digest), where \(expecting) was promised")
        }
        return staged
    }

    /// Puts staged content into the store and returns when it is on the disk.
    @discardableResult
    public func commit(_ staged: StagedBlob) throws(StoreError) -> StoredFile {
        try commit([staged])
        return StoredFile(path: path(of: staged.file.digest), length: staged.file.length, digest: staged.file.digest)
    }

    /// Puts staged content into the store and returns when all of it is on the disk. What was committed before an error
    /// stays: blobs are only reached through records, and those are written after them.
    public func commit(_ staged: [StagedBlob]) throws(StoreError) {
        let session = try writableSession()
        for blob in staged {
            let file = blob.file
            guard let descriptor = try OwnedDescriptor(opening: file.path, O_RDONLY, "opening") else {
                // Committed before, by another image of the same import: the name has moved on.
                guard try self.blob(file.digest) != nil else { throw StoreError(errno: ENOENT, "storing", file.path) }
                continue
            }
            session.giveToOwner(descriptor.number)
            try descriptor.synchronize(file.path)
            let path = path(of: file.digest)
            guard rename(file.path, path) == 0 else { throw StoreError(errno: errno, "storing", path) }
            // It was hashed on its way in.
            if let identity = try FileIdentity(path), identity.length == file.length {
                verified.withLock { $0[file.digest] = identity }
            }
        }
        if !staged.isEmpty { try synchronizeFolder(blobFolder) }
    }
}

extension StoredFile {
    /// Hands the content to `body` in order, a mebibyte at a time at most.
    public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard let descriptor = try OwnedDescriptor(opening: path, O_RDONLY, "opening") else {
            throw StoreError(errno: ENOENT, "reading", path)
        }
        try descriptor.readAll(path, body)
    }

    /// The whole content, which must not be longer than `limit` bytes.
    public func contents(limit: Int) throws(StoreError) -> [UInt8] {
        func tooLarge() -> StoreError { StoreError(.tooLarge, "\(digest) is longer than the \(limit) bytes allowed") }
        guard length <= UInt64(clamping: limit) else { throw tooLarge() }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(clamping: length))
        do {
            try read { chunk in
                guard bytes.count + chunk.count <= limit else { throw tooLarge() }
                bytes.append(contentsOf: chunk)
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.inputOutput, "reading \(path): \(error)")
        }
        return bytes
    }
}
