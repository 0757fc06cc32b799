import CLinux
import Glibc
import Synchronization

/// A regular file that is open for reading, closed when nothing refers to it.
public final class OpenFile: Sendable {
    /// How many bytes it had when it was opened.
    public let length: UInt64
    let descriptor: Int32

    fileprivate init(descriptor: Int32, length: UInt64) {
        self.descriptor = descriptor
        self.length = length
    }

    deinit { close(descriptor) }
}

/// The files that are open for transfers. A file that many clients fetch at once is open once, so that descriptors are
/// bounded by the number of files and not by that of clients.
public final class OpenFiles: Sendable {
    private struct Identity: Hashable {
        var device, inode: UInt64
        var length: Int64
        var changed: [Int64]
    }

    private struct Reference { weak var file: OpenFile? }

    private let table = Mutex<[Identity: Reference]>([:])

    /// An empty table.
    public init() {}

    /// Opens the file at `path`, following symbolic links: for files that the server itself names.
    public func open(path: String) throws(TFTPContentError) -> OpenFile {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw .unreadable(path: path, errno: errno) }
        return try adopt(descriptor, path: path)
    }

    /// Takes over `descriptor`, or closes it in favour of one that is open for the same file already.
    func adopt(_ descriptor: Int32, path: String) throws(TFTPContentError) -> OpenFile {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = errno
            close(descriptor)
            throw .unreadable(path: path, errno: error)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegular(path: path)
        }
        let length = max(0, Int64(status.st_size))
        // The times are part of it, because a file that was rewritten in place has another length to announce.
        let identity = Identity(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), length: length,
            changed: [
                Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_ctim.tv_sec),
                Int64(status.st_ctim.tv_nsec),
            ])
        return table.withLock { table in
            if let file = table[identity]?.file {
                close(descriptor)
                return file
            }
            // The beginning is wanted at once, and the kernel reads ahead by itself from then on.
            posix_fadvise(descriptor, 0, 1 << 20, POSIX_FADV_WILLNEED)
            let file = OpenFile(descriptor: descriptor, length: UInt64(length))
            if table.count >= 64 { table = table.filter { $0.value.file != nil } }
            table[identity] = Reference(file: file)
            return file
        }
    }
}

/// Why content cannot be served.
public enum TFTPContentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Opening or reading failed.
    case unreadable(path: String, errno: Int32)
    /// A directory, a device or a pipe.
    case notRegular(path: String)
    /// A stored file has not the length that it must have.
    case wrongLength(path: String, expected: UInt64, actual: UInt64)
    /// The file became shorter while it was being sent.
    case shortened

    public var description: String {
        switch self {
        case .unreadable(let path, let errno): "\(path): \(String(cString: strerror(errno)))"
        case .notRegular(let path): "\(path) is not a regular file"
        case .wrongLength(let path, let expected, let actual):
            "\(path) has \(actual) bytes and should have \(expected); import its release again"
        case .shortened: "the file became shorter while it was being sent"
        }
    }
}
