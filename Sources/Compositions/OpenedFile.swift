import Glibc

/// A file that is open for reading, whoever owns it.
public protocol ReadableFile: AnyObject, Sendable {
    /// Its descriptor, open for as long as the object is there.
    var descriptor: Int32 { get }
}

/// A stored file that was found to be what its digest names when it was opened. It is closed when nothing refers to it.
public final class OpenedFile: ReadableFile {
    public let descriptor: Int32

    /// Opens `file`. What has taken its place, a pipe or a link or another file, is refused without waiting for it.
    public init(_ file: StoredFile) throws(SegmentError) {
        var number: Int32
        repeat {
            number = open(file.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        } while number < 0 && errno == EINTR
        guard number >= 0 else { throw .unreadable(path: file.path, errno: errno) }
        // Its owner from here on, so that it is closed also where it is refused.
        descriptor = number
        try file.check(number)
    }

    deinit { close(descriptor) }
}

/// Why bytes of a composition cannot be had.
public enum SegmentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The system refused to open or to read the file.
    case unreadable(path: String, errno: Int32)
    /// The file is not what it was when its content was checked: it was altered, replaced or removed.
    case altered(path: String)
    /// The file ends before the segment does.
    case shortened(path: String)

    public var description: String {
        switch self {
        case .unreadable(let path, _), .altered(let path), .shortened(let path): "\(path): \(reason)"
        }
    }

    /// What is the matter, without the path, for those who must not know how this host is laid out.
    public var reason: String {
        switch self {
        case .unreadable(_, let errno): String(cString: strerror(errno))
        case .altered: "it has been changed since its content was checked"
        case .shortened: "it is shorter than it should be"
        }
    }
}

extension StoredFile {
    /// How many bytes are read or sent between two looks at whether the file is still what it was: enough that the looks cost
    /// nothing.
    public static let step: UInt64 = 4 << 20

    /// Looks whether an open file is still what it has to be.
    ///
    /// - Throws: `SegmentError.altered`.
    public func check(_ descriptor: Int32) throws(SegmentError) {
        guard isIntact(in: descriptor) else { throw .altered(path: path) }
    }

    /// Reads `part` of the open file, all of it, to `output`, which has room for it.
    func read(
        _ part: Range<UInt64>, of descriptor: Int32, to output: UnsafeMutableRawPointer
    ) throws(SegmentError) {
        var next = output
        var part = part
        while !part.isEmpty {
            guard let offset = off_t(exactly: part.lowerBound) else { throw .shortened(path: path) }
            let count = pread(descriptor, next, Int(clamping: part.upperBound - part.lowerBound), offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw count == 0 ? .shortened(path: path) : .unreadable(path: path, errno: errno)
            }
            next += count
            part = (part.lowerBound + UInt64(count))..<part.upperBound
        }
    }
}
