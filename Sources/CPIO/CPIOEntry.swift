/// One member of a newc cpio archive, the format of a Linux initramfs (Linux Documentation/driver-api/early-userspace/
/// buffer-format.rst).
public struct CPIOEntry: Hashable, Sendable {
    /// The path, without a leading slash.
    public var path: String
    /// The file type and the permission bits, as in `st_mode`.
    public var mode: UInt32
    /// How many bytes of content follow: of a file, or of a symbolic link its target.
    public var size: UInt64
    /// The time of last change, in seconds since 1970.
    public var modificationTime: UInt32
    /// How many names it has.
    public var linkCount: UInt32

    /// The bits of `mode` that tell the type.
    public static let typeMask: UInt32 = 0o170000
    /// The type of a regular file.
    public static let regularFile: UInt32 = 0o100000
    /// The type of a directory.
    public static let directory: UInt32 = 0o040000
    /// The type of a symbolic link.
    public static let symbolicLink: UInt32 = 0o120000

    /// A member.
    public init(path: String, mode: UInt32, size: UInt64, modificationTime: UInt32, linkCount: UInt32 = 1) {
        self.path = path
        self.mode = mode
        self.size = size
        self.modificationTime = modificationTime
        self.linkCount = linkCount
    }

    /// A regular file.
    public static func file(
        _ path: String, permissions: UInt32 = 0o644, size: UInt64, modificationTime: UInt32
    ) -> CPIOEntry {
        CPIOEntry(
            path: path, mode: regularFile | permissions & 0o7777, size: size, modificationTime: modificationTime)
    }

    /// A directory.
    public static func directory(
        _ path: String, permissions: UInt32 = 0o755, modificationTime: UInt32
    ) -> CPIOEntry {
        CPIOEntry(
            path: path, mode: directory | permissions & 0o7777, size: 0, modificationTime: modificationTime,
            linkCount: 2)
    }
}

/// What a `CPIOReader` finds, in order: each entry, then its content in pieces, then its end; and the end of each archive.
public enum CPIOEvent {
    /// A member begins.
    case entry(CPIOEntry)
    /// Some of the member's content, valid during the call only.
    case data(UnsafeRawBufferPointer)
    /// The member is complete.
    case end
    /// The archive is complete; another one may follow in the same stream.
    case trailer
}

/// Why bytes are not an archive, or a member cannot be written.
public enum CPIOError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The archive ends before its end mark.
    case truncated
    /// There is no newc header where one has to be.
    case notAHeader(position: UInt64)
    /// A member's name is empty, too long, not UTF-8 or has a zero byte.
    case invalidName(position: UInt64)
    /// More members than the reader allows.
    case tooManyEntries(limit: Int)
    /// A file of 4 GiB or more, which the format has no room for.
    case fileTooLarge(path: String)

    public var description: String {
        switch self {
        case .truncated: "the cpio archive is cut off"
        case .notAHeader(let position): "byte \(position) does not begin a newc cpio header"
        case .invalidName(let position): "the cpio header at byte \(position) has a bad name"
        case .tooManyEntries(let limit): "the cpio archive has more than \(limit) members"
        case .fileTooLarge(let path): "'\(path)' is too large for a cpio archive: 4 GiB or more"
        }
    }
}
