import Compositions
import Digests
import Files
import Glibc
import Synchronization
import SystemPackage

/// A folder of content-addressed blobs and small named records that survives a kill at any moment.
///
/// ```
/// root/blobs/sha256/<64 hex>     immutable content, named by its digest
/// root/records/<kind>/<key>      small named values, replaced whole
/// root/journal/<name>           lines that are appended; <name>.lock is held by the process that writes them
/// root/temporary/<session>.<n>   what is being written; <session>.lock is held by the process that writes it
/// root/work/<session>/           what builds of that process take apart
/// root/corrupt/<64 hex>.<…>      blobs that were not what their names say, kept for the operator to look at
/// root/lock                      held for an instant while a process starts
/// root/references.lock           held by those who write blobs with the records that name them, and by who removes blobs
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
    static let fileMode = FilePermissions(rawValue: 0o640)
    static let folderMode: mode_t = 0o750

    /// The folder.
    public let root: String
    /// What may be done.
    public let access: Access
    let session: StoreSession?
    /// The blobs whose content has been hashed by this process, and the state of their files at that time.
    let verified = Mutex<[Digest: VerifiedState]>([:])

    struct VerifiedState {
        var identity: FileIdentity
        /// Whether a change after the hashing would show. Where it would not, the content is hashed once more.
        var isSettled: Bool
    }

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
            try Self.requireStore(at: root)
            session = nil
        }
    }

    /// Looks whether there is a store in the folder `root`, for those that must not make one.
    ///
    /// - Throws: `StoreError`, which says what there is instead, or why that cannot be seen.
    public static func requireStore(at root: String) throws(StoreError) {
        let found: FileIdentity
        do throws(Errno) { found = try FileIdentity(at: root, followingLinks: true) } catch {
            guard error == .noSuchFileOrDirectory else { throw StoreError(error, "looking at", root) }
            throw StoreError(
                .inputOutput,
                "\(root) is not a store: there is no such folder; 'slipway release import' makes one, --store names another"
            )
        }
        guard found.type == .directory else {
            throw StoreError(.inputOutput, "\(root) is not a store: it is not a folder; --store names another")
        }
        guard let identity = try FileIdentity(ifPresent: root + "/blobs"), !identity.isRegular else {
            throw StoreError(
                .inputOutput,
                "\(root) is not a store: it has no folder 'blobs'; 'slipway release import' makes one of it, --store names "
                    + "another")
        }
    }

    var blobFolder: String { root + "/blobs/sha256" }
    func path(of digest: Digest) -> String { "\(blobFolder)/\(digest.hexadecimal)" }

    /// A folder of this process's own for what builds take apart, in the store's file system, which has the room. It is made
    /// again where somebody has removed it, and goes with the process.
    public func workFolder() throws(StoreError) -> String { try writableSession().workFolder() }

    /// Removes the folder for what builds take apart; nothing is built after it.
    public func removeWorkFolder() { session?.removeWorkFolder() }

    func writableSession() throws(StoreError) -> StoreSession {
        guard let session else { throw StoreError(.readOnly, "\(root) was opened for reading only") }
        return session
    }

    // MARK: - Reading

    /// The blob with this digest, or nil if the store has none.
    ///
    /// A blob is hashed before its first use in this process, and again when its file has changed since in any way: a
    /// backup that was put back, or another owner, costs one more reading and nothing else.
    ///
    /// - Throws: `StoreError` with code `corrupt` when the content is not what the name says. The file has then been
    ///   moved to the folder `corrupt`, so that it is not met again and can be imported anew.
    public func blob(_ digest: Digest) throws(StoreError) -> StoredFile? {
        let path = path(of: digest)
        guard let descriptor = try openBlob(digest) else { return nil }
        let identity = try descriptor.identity(path)
        let file = StoredFile(path: path, length: identity.length, digest: digest, identity: identity)
        if let known = verified.withLock({ $0[digest] }), known.identity == identity, known.isSettled { return file }
        let isSettled = identity.isSettled
        var hasher = SHA256Hasher()
        try descriptor.readAll(path) { hasher.update($0) }
        let found = hasher.finalize()
        let now = try descriptor.identity(path)
        guard found == digest else {
            throw quarantine(digest, now, "holds \(now.length) bytes that hash to \(found)")
        }
        guard now == identity else {
            throw StoreError(
                .inputOutput, "the stored blob \(digest) at \(path) changed while it was read; see what writes there")
        }
        verified.withLock { $0[digest] = VerifiedState(identity: identity, isSettled: isSettled) }
        return file
    }

    /// The blob with this digest as content that a record can be published with; nil if the store has none.
    ///
    /// - Throws: As ``blob(_:)`` does.
    public func stagedBlob(_ digest: Digest) throws(StoreError) -> StagedBlob? {
        try blob(digest).map { StagedBlob(file: $0, isStored: true) }
    }

    /// Opens a blob's file; nil if there is none. What is no regular file is moved aside: opening it might wait for ever, and
    /// a link might lead anywhere.
    private func openBlob(_ digest: Digest) throws(StoreError) -> OwnedDescriptor? {
        let path = path(of: digest)
        guard let found = try FileIdentity(ifPresent: path) else { return nil }
        guard found.isRegular else { throw quarantine(digest, found, "is not a regular file") }
        return try OwnedDescriptor.open(path)
    }

    /// Whether a blob with this digest is stored, without reading it.
    public func contains(_ digest: Digest) -> Bool { Glibc.access(path(of: digest), F_OK) == 0 }

    /// The length of the blob with this digest, without reading it; nil if there is none.
    public func length(of digest: Digest) -> UInt64? {
        guard let identity = try? FileIdentity(ifPresent: path(of: digest)), identity.isRegular else { return nil }
        return identity.length
    }

    /// The blob with this digest as it lies there, without reading it; nil if there is none. Nobody has checked its content, so
    /// that its identity is nil.
    public func unreadBlob(_ digest: Digest) -> StoredFile? {
        length(of: digest).map { StoredFile(path: path(of: digest), length: $0, digest: digest) }
    }

    /// Blobs that were moved aside and have not come back since, at most `limit` of them.
    public func quarantined(limit: Int) -> [Digest] {
        var digests: Set<Digest> = []
        for name in (try? namesInFolder(root + "/corrupt")) ?? [] where digests.count < limit {
            guard let digest = Digest(hexadecimal: String(decoding: name.utf8.prefix(64), as: UTF8.self)) else {
                continue
            }
            if !contains(digest) { digests.insert(digest) }
        }
        return digests.sorted()
    }

    private func quarantine(_ digest: Digest, _ identity: FileIdentity, _ fault: String) -> StoreError {
        let path = path(of: digest)
        verified.withLock { $0[digest] = nil }
        var outcome = "It stays where it is"
        // Another process may have put a good one in its place meanwhile; that one stays.
        if let session, (try? FileIdentity(ifPresent: path)) == identity {
            let aside = "\(root)/corrupt/\(digest.hexadecimal).\(session.nextName())"
            if (try? session.rename(path, to: aside)) != nil { outcome = "It was moved to \(aside)" }
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
        try BlobWriter(session: try writableSession(), limit: limit)
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
        return staged.file
    }

    /// Puts staged content into the store and returns when all of it is on the disk. What was committed before an error
    /// stays: blobs are only reached through records, and those are written after them.
    ///
    /// Content that records will name is put in by ``publish(_:_:)``: what is there already and has no name yet can be removed
    /// at any time.
    ///
    /// A blob that is there already, and whole, stays: another file under its name would end the transfers of those who are
    /// sending it.
    public func commit(_ staged: [StagedBlob]) throws(StoreError) {
        let session = try writableSession()
        for blob in staged {
            // Hashed when it came, and nobody has touched it since.
            if let stored = blob.stored, let identity = stored.identity,
                (try? FileIdentity(at: stored.path)) == identity
            {
                continue
            }
            blob.move(to: try place(blob.file, session))
        }
        if !staged.isEmpty { try synchronizeFolder(blobFolder) }
    }

    /// Gives content its name, or finds the same content under it.
    private func place(_ file: StoredFile, _ session: StoreSession) throws(StoreError) -> StoredFile {
        let path = path(of: file.digest)
        // Somebody may be faster, and what he leaves may be damaged; more than once in a row is no accident.
        for _ in 0..<3 {
            if let present = try present(file.digest) { return present }
            guard let descriptor = try OwnedDescriptor.open(file.path) else {
                throw StoreError(errno: ENOENT, "storing", file.path)
            }
            try descriptor.synchronize(file.path)
            guard try session.renameNew(file.path, to: path) else { continue }
            // It was hashed on its way in, and the descriptor says what became of it, whatever has the name by now.
            let identity = try descriptor.identity(path)
            if identity.length == file.length {
                verified.withLock { $0[file.digest] = VerifiedState(identity: identity, isSettled: false) }
            }
            return StoredFile(path: path, length: file.length, digest: file.digest, identity: identity)
        }
        throw StoreError(errno: EEXIST, "storing", path)
    }

    /// The blob as it stands in the store; nil if there is none, or if it was damaged and has been moved aside.
    private func present(_ digest: Digest) throws(StoreError) -> StoredFile? {
        do { return try blob(digest) } catch  where error.code == .corrupt { return nil }
    }
}

extension StoredFile {
    /// Hands the content to `body` in order, a mebibyte at a time at most.
    ///
    /// - Throws: what `body` throws; `StoreError`, with code `corrupt` if the file is not in the state in which it was checked.
    public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        do { try Segment.file(self).read(body) } catch let error as SegmentError {
            switch error {
            case .unreadable(let path, let errno): throw StoreError(errno: errno, "reading", path)
            case .altered, .shortened:
                throw StoreError(.corrupt, "\(path) (\(digest)) has been changed since it was checked; do it again")
            }
        }
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
            throw StoreError(.inputOutput, "reading \(path): \(error)", cause: error)
        }
        return bytes
    }
}
