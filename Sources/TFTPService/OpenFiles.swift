import Compositions
import Glibc
import Synchronization

/// A regular file that is open for reading, closed when nothing refers to it.
public final class OpenFile: ReadableFile {
    /// Which file it was when it was opened.
    public let identity: FileIdentity
    /// How many bytes it had when it was opened.
    public var length: UInt64 { identity.length }
    public let descriptor: Int32
    /// Where memory begins that is the file, for the kernel to send from. It is never read by the process itself, which would
    /// be killed where the file has become shorter; the kernel only says so. A number, because an address that nobody reads
    /// or writes by is safe to share.
    private let mapping: UInt?

    fileprivate init(descriptor: Int32, identity: FileIdentity) {
        self.descriptor = descriptor
        self.identity = identity
        let start = mmap(nil, Int(clamping: identity.length), PROT_READ, MAP_SHARED, descriptor, 0)
        mapping = start == MAP_FAILED ? nil : start.map { UInt(bitPattern: $0) }
    }

    deinit {
        if let mapping { munmap(UnsafeMutableRawPointer(bitPattern: mapping), Int(clamping: identity.length)) }
        close(descriptor)
    }

    /// Where the file is in memory, to be sent from and not to be read; nil if it is empty or cannot be mapped.
    var memory: UnsafeRawPointer? { mapping.flatMap { UnsafeRawPointer(bitPattern: $0) } }

    /// Whether it still has all the bytes that it had when it was opened.
    var isWhole: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_size >= off_t(clamping: length)
    }

    /// Where it lies, without symbolic links.
    public func path() throws(TFTPContentError) -> String {
        let link = "/proc/self/fd/\(descriptor)"
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(link, $0, bytes.count) } ?? -1
        }
        guard count > 0 else { throw .unreadable(path: link, errno: errno) }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    /// Reads all of it, piece by piece, and tells when it is not what was opened any more.
    public func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(TFTPContentError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < length {
            guard let start = buffer.baseAddress else { return }
            let count = pread(descriptor, start, buffer.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw count == 0 ? .shortened : .unreadable(path: "content", errno: errno) }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<min(count, Int(clamping: length - offset))]))
            offset += UInt64(count)
        }
        guard FileIdentity(descriptor: descriptor) == identity else { throw .altered }
    }
}

/// The files that are open for transfers. A file that many clients fetch at once is open once, so that descriptors are
/// bounded by the number of files and not by that of clients.
public final class OpenFiles: Sendable {
    private struct Reference { weak var file: OpenFile? }

    private let table = Mutex<[FileIdentity: Reference]>([:])

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
        guard let identity = FileIdentity(descriptor: descriptor) else {
            let error = errno
            close(descriptor)
            throw .unreadable(path: path, errno: error)
        }
        guard identity.isRegular else {
            close(descriptor)
            throw .notRegular(path: path)
        }
        // The times are part of the identity, because a file that was rewritten in place has another length to announce.
        return table.withLock { table in
            if let file = table[identity]?.file {
                close(descriptor)
                return file
            }
            // The beginning is wanted at once, and the kernel reads ahead by itself from then on.
            posix_fadvise(descriptor, 0, 1 << 20, POSIX_FADV_WILLNEED)
            let file = OpenFile(descriptor: descriptor, identity: identity)
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
    /// Too much is being opened at once.
    case busy
    /// The file is not in the state any more in which it was opened, or in which its content was checked.
    case altered

    public var description: String {
        switch self {
        case .unreadable(let path, let errno): "\(path): \(String(cString: strerror(errno)))"
        case .notRegular(let path): "\(path) is not a regular file"
        case .wrongLength(let path, let expected, let actual):
            "\(path) has \(actual) bytes and should have \(expected); import its release again"
        case .busy: "too many files are being opened at once; the client will ask again"
        case .altered: "the file has been changed since its content was checked"
        case .shortened: "the file became shorter while it was being sent"
        }
    }
}
