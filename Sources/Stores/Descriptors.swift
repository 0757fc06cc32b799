import Compositions
import Glibc

/// An open file that is closed when its owner goes.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    /// Opens `path`; nil if there is no such file or, with `missingFolder`, no folder to make it in. Links are not followed, and
    /// nothing is inherited by child processes.
    init?(
        opening path: String, _ flags: Int32, mode: mode_t = 0o640, _ action: String, missingFolder: Bool = false
    ) throws(StoreError) {
        while true {
            // A FIFO under a name of the store must not hold the opener.
            let number = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode)
            if number >= 0 {
                self.number = number
                return
            }
            if errno == ENOENT, flags & O_CREAT == 0 || missingFolder { return nil }
            if errno != EINTR { throw StoreError(errno: errno, action, path) }
        }
    }

    deinit { close(number) }

    /// Closes the file here and not before, for one that is held for its lock.
    consuming func release() {}

    /// The state of the file.
    func identity(_ path: String) throws(StoreError) -> FileIdentity {
        guard let identity = FileIdentity(descriptor: number) else {
            throw StoreError(errno: errno, "looking at", path)
        }
        return identity
    }

    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, _ path: String) throws(StoreError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written > 0 {
                rest = rest.dropFirst(written)
            } else if written < 0, errno != EINTR {
                throw StoreError(errno: errno, "writing", path)
            }
        }
    }

    /// Waits until what was written is on the disk.
    func synchronize(_ path: String) throws(StoreError) {
        while fsync(number) != 0 {
            if errno != EINTR { throw StoreError(errno: errno, "syncing", path) }
        }
    }

    /// Hands all that is left of the file to `body`, a mebibyte at a time.
    func readAll(_ path: String, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count > 0 {
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if errno != EINTR {
                throw StoreError(errno: errno, "reading", path)
            }
        }
    }
}

/// Syncs a folder, so that names made or changed in it survive a crash.
func synchronizeFolder(_ path: String) throws(StoreError) {
    guard let folder = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY, "opening") else {
        throw StoreError(errno: ENOENT, "syncing", path)
    }
    try folder.synchronize(path)
}

extension FileIdentity {
    /// The state of the file at `path`, links not followed, or nil if there is none.
    init?(at path: String) throws(StoreError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw StoreError(errno: errno, "looking at", path)
        }
        self.init(status)
    }
}
