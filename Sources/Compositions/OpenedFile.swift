import Files
import SystemPackage

/// A file that is open for reading, whoever owns it.
public protocol ReadableFile: AnyObject, Sendable {
    /// Its descriptor, open for as long as the object is there.
    var descriptor: FileDescriptor { get }
}

/// A stored file that was found to be what its digest names when it was opened. It is closed when nothing refers to it.
public final class OpenedFile: ReadableFile {
    private let file: OwnedDescriptor
    public var descriptor: FileDescriptor { file.descriptor }

    /// Opens `file`. What has taken its place, a pipe or a link or another file, is refused without waiting for it.
    public init(_ file: StoredFile) throws(SegmentError) {
        do throws(Errno) { self.file = try OwnedDescriptor(opening: file.path, .readOnly, .cautious) } catch {
            throw .unreadable(path: file.path, errno: error.rawValue)
        }
        try file.check(descriptor)
    }
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
        case .unreadable(_, let errno): Errno(rawValue: errno).description
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
    public func check(_ descriptor: FileDescriptor) throws(SegmentError) {
        guard isIntact(in: descriptor) else { throw .altered(path: path) }
    }

    /// Reads `part` of the open file, all of it, to `output`, which has room for it.
    func read(
        _ part: Range<UInt64>, of descriptor: FileDescriptor, to output: UnsafeMutableRawPointer
    ) throws(SegmentError) {
        let buffer = UnsafeMutableRawBufferPointer(
            start: output, count: Int(clamping: part.upperBound - part.lowerBound))
        let count: Int
        do throws(Errno) { count = try descriptor.readFully(from: part.lowerBound, into: buffer) } catch {
            throw .unreadable(path: path, errno: error.rawValue)
        }
        guard count == buffer.count else { throw .shortened(path: path) }
    }
}
