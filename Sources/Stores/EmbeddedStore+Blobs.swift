import Compositions
import Digests
import Files
import Glibc
import Synchronization

/// A blob as it lies in its folder, which nobody has read.
public struct BlobEntry: Hashable, Sendable {
    /// What its name says that it hashes to.
    public var digest: Digest
    /// How many bytes it has.
    public var length: UInt64
    /// When it was last put there or changed in any way, in seconds since 1970.
    public var changed: Int
}

extension EmbeddedStore {
    /// Puts staged content into the store together with the records that name it, and returns when all of it is on the disk.
    /// In between nobody takes the content for something that has no name.
    ///
    /// What was stored before an error stays: a blob without a record is found by nobody, and is removed in time.
    public func publish(
        _ staged: [StagedBlob], _ records: [(key: String, record: any StoredRecord)]
    ) throws(StoreError) {
        let lock = try ReferenceLock(.shared, in: writableSession())
        let result = Result { () throws(StoreError) in
            try commit(staged)
            for (key, record) in records { try setRecord(key, record) }
        }
        lock.release()
        try result.get()
    }

    /// All blobs, in the order of their digests. Files with other names are nobody's blobs.
    public func blobs() throws(StoreError) -> [BlobEntry] {
        var entries: [BlobEntry] = []
        for name in try namesInFolder(blobFolder) {
            guard let digest = Digest(hexadecimal: name), let entry = try entry(digest) else { continue }
            entries.append(entry)
        }
        return entries
    }

    /// The blob as it lies there now; nil if it does not, or is no file.
    func entry(_ digest: Digest) throws(StoreError) -> BlobEntry? {
        guard let identity = try FileIdentity(ifPresent: path(of: digest)), identity.isRegular else { return nil }
        return BlobEntry(digest: digest, length: identity.length, changed: identity.changed.seconds)
    }

    /// Removes a blob. Whoever has it open reads on; the room is free when they are done.
    ///
    /// - Returns: Whether there was one.
    func removeBlob(_ digest: Digest) throws(StoreError) -> Bool {
        let path = path(of: digest)
        verified.withLock { $0[digest] = nil }
        if unlink(path) == 0 { return true }
        guard errno == ENOENT else { throw StoreError(errno: errno, "removing", path) }
        return false
    }
}
