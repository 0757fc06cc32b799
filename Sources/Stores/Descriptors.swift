import Files
import Glibc
import SystemPackage

extension OwnedDescriptor {
    /// Opens `path` in the store; nil if there is no such file or, with `missingFolder`, no folder to make it in. Links are not
    /// followed, and a FIFO does not hold the opener.
    static func open(
        _ path: String, _ access: FileDescriptor.AccessMode = .readOnly, _ options: FileDescriptor.OpenOptions = [],
        _ action: String = "opening", missingFolder: Bool = false
    ) throws(StoreError) -> OwnedDescriptor? {
        do throws(Errno) {
            return try OwnedDescriptor(
                opening: path, access, options.union(.cautious), permissions: EmbeddedStore.fileMode)
        } catch {
            if error == .noSuchFileOrDirectory, !options.contains(.create) || missingFolder { return nil }
            throw StoreError(error, action, path)
        }
    }

    /// The state of the file.
    func identity(_ path: String) throws(StoreError) -> FileIdentity {
        do throws(Errno) { return try identity() } catch { throw StoreError(error, "looking at", path) }
    }

    /// Writes all of `bytes`.
    func write(_ bytes: some Sequence<UInt8>, _ path: String) throws(StoreError) {
        do throws(Errno) { try writeAll(bytes) } catch { throw StoreError(error, "writing", path) }
    }

    /// Waits until what was written is on the disk.
    func synchronize(_ path: String) throws(StoreError) {
        do throws(Errno) { try synchronize() } catch { throw StoreError(error, "syncing", path) }
    }

    /// Hands all that is left of the file to `body`, a mebibyte at a time.
    func readAll(
        _ path: String, _ body: (UnsafeRawBufferPointer) throws(StoreError) -> Void
    ) throws(StoreError) {
        try readAll(orThrow: { StoreError($0, "reading", path) }, body)
    }

    /// Takes the lock of the file (flock(2)) if nobody holds one that excludes it, until the file is closed; whether it has it.
    func tryLock(_ path: String, _ kind: Int32 = LOCK_EX) throws(StoreError) -> Bool {
        if flock(descriptor.rawValue, kind | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK || errno == EINTR else { throw StoreError(errno: errno, "locking", path) }
        return false
    }
}

/// Syncs a folder, so that names made or changed in it survive a crash.
func synchronizeFolder(_ path: String) throws(StoreError) {
    guard let folder = try OwnedDescriptor.open(path, .readOnly, .directory) else {
        throw StoreError(errno: ENOENT, "syncing", path)
    }
    try folder.synchronize(path)
}

extension FileIdentity {
    /// The state of the file at `path`, links not followed, or nil if there is none.
    init?(ifPresent path: String) throws(StoreError) {
        do throws(Errno) { try self.init(at: path) } catch {
            if error == .noSuchFileOrDirectory { return nil }
            throw StoreError(error, "looking at", path)
        }
    }
}
