import Compositions
import Files
import Glibc
import Synchronization
import SystemPackage

/// A regular file that is open for reading, closed when nothing refers to it.
public final class OpenFile: ReadableFile {
    /// Which file it was when it was opened.
    public let identity: FileIdentity
    /// How many bytes it had when it was opened.
    public var length: UInt64 { identity.length }
    private let file: OwnedDescriptor
    public var descriptor: FileDescriptor { file.descriptor }
    /// Where memory begins that is the file, for the kernel to send from. It is never read by the process itself, which would
    /// be killed where the file has become shorter; the kernel only says so. A number, because an address that nobody reads
    /// or writes by is safe to share.
    private let mapping: UInt?

    fileprivate init(_ file: consuming OwnedDescriptor, identity: FileIdentity) {
        let number = file.descriptor.rawValue
        self.file = file
        self.identity = identity
        // The beginning is wanted at once, and the kernel reads ahead by itself from then on.
        posix_fadvise(number, 0, 1 << 20, POSIX_FADV_WILLNEED)
        let start = mmap(nil, Int(clamping: identity.length), PROT_READ, MAP_SHARED, number, 0)
        mapping = start == MAP_FAILED ? nil : start.map { UInt(bitPattern: $0) }
    }

    deinit {
        if let mapping { munmap(UnsafeMutableRawPointer(bitPattern: mapping), Int(clamping: identity.length)) }
    }

    /// Where the file is in memory, to be sent from and not to be read; nil if it is empty or cannot be mapped.
    var memory: UnsafeRawPointer? { mapping.flatMap { UnsafeRawPointer(bitPattern: $0) } }

    /// Whether it still has all the bytes that it had when it was opened.
    var isWhole: Bool { (try? FileIdentity(of: descriptor)).map { $0.length >= length } ?? false }

    /// Where it lies, without symbolic links.
    public func path() throws(TFTPContentError) -> String {
        let link = "/proc/self/fd/\(descriptor.rawValue)"
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
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<min(buffer.count, Int(clamping: length - offset))])
            try descriptor.fill(wanted, from: offset)
            body(UnsafeRawBufferPointer(wanted))
            offset += UInt64(wanted.count)
        }
        guard (try? FileIdentity(of: descriptor)) == identity else { throw .altered }
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
        let file: OwnedDescriptor
        do throws(Errno) { file = try OwnedDescriptor(opening: path, .readOnly, .nonBlocking) } catch {
            throw .unreadable(path: path, errno: error.rawValue)
        }
        return try adopt(file, path: path)
    }

    /// Takes over `file`, or closes it in favour of one that is open for the same file already.
    func adopt(_ file: consuming OwnedDescriptor, path: String) throws(TFTPContentError) -> OpenFile {
        let identity: FileIdentity
        do throws(Errno) { identity = try file.identity() } catch {
            throw .unreadable(path: path, errno: error.rawValue)
        }
        guard identity.isRegular else { throw .notRegular(path: path) }
        // The times are part of the identity, because a file that was rewritten in place has another length to announce.
        if let known = table.withLock({ $0[identity]?.file }) { return known }
        let fresh = OpenFile(file, identity: identity)
        return table.withLock { table in
            if let known = table[identity]?.file { return known }
            if table.count >= 64 { table = table.filter { $0.value.file != nil } }
            table[identity] = Reference(file: fresh)
            return fresh
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
        case .unreadable(let path, let errno): "\(path): \(Errno(rawValue: errno).description)"
        case .notRegular(let path): "\(path) is not a regular file"
        case .wrongLength(let path, let expected, let actual):
            "\(path) has \(actual) bytes and should have \(expected); import its release again"
        case .busy: "too many files are being opened at once; the client will ask again"
        case .altered: "the file has been changed since its content was checked"
        case .shortened: "the file became shorter while it was being sent"
        }
    }
}
