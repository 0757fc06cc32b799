/// One member of a tar archive.
public struct TarEntry: Hashable, Sendable {
    /// The path as the archive has it, which may be absolute or climb out with `..`: it is for the reader to judge.
    public var path: String
    /// What it is.
    public var kind: Kind
    /// The permission bits, set-user-ID and the like included.
    public var mode: UInt32
    /// How many bytes of content follow; 0 for all but files.
    public var size: UInt64
    /// The time of last change, in seconds since 1970.
    public var modificationTime: UInt64
    /// Extended attributes by their names (`security.selinux`), from PAX records `SCHILY.xattr.*`.
    public var extendedAttributes: [String: [UInt8]]

    /// What a member is.
    public enum Kind: Hashable, Sendable {
        /// A regular file.
        case file
        /// A directory.
        case directory
        /// A symbolic link and what it points to.
        case symbolicLink(target: String)
        /// Another name of a file earlier in the archive.
        case hardLink(target: String)
        /// A device, a FIFO or something unknown, by its type flag.
        case other(UInt8)
    }

    /// A member.
    public init(
        path: String, kind: Kind, mode: UInt32, size: UInt64 = 0, modificationTime: UInt64 = 0,
        extendedAttributes: [String: [UInt8]] = [:]
    ) {
        self.path = path
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modificationTime = modificationTime
        self.extendedAttributes = extendedAttributes
    }
}

/// What a `TarReader` finds, in order: each entry, then its content in pieces, then its end.
public enum TarEvent {
    /// A member begins.
    case entry(TarEntry)
    /// Some of the member's content, valid during the call only.
    case data(UnsafeRawBufferPointer)
    /// The member is complete.
    case end
}

/// How much of an archive is accepted.
public struct TarLimits: Hashable, Sendable {
    /// The most members. The default is 1,000,000.
    public var entries = 1_000_000
    /// The longest path or link target in bytes. The default is 4096.
    public var pathLength = 4096
    /// The longest extended header in bytes. The default is 1 MiB.
    public var extendedHeaderLength = 1 << 20
    /// The most content in bytes, all members together. The default is 8 GiB.
    public var contentLength: UInt64 = 8 << 30

    /// The defaults.
    public init() {}
}

/// Why bytes are not an archive, or a member cannot be written.
public enum TarError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The archive ends inside a member.
    case truncated
    /// A header's checksum is wrong: damaged, or not a tar archive.
    case checksum(position: UInt64)
    /// A field of a header cannot be read.
    case invalidField(String, position: UInt64)
    /// A member stored in a way that is not supported.
    case unsupported(String, path: String)
    /// More than a limit allows.
    case limitExceeded(String, limit: UInt64)

    public var description: String {
        switch self {
        case .truncated: "the tar archive is cut off"
        case .checksum(let position): "byte \(position) does not begin a tar header: its checksum is wrong"
        case .invalidField(let field, let position): "the tar header at byte \(position) has a bad \(field)"
        case .unsupported(let what, let path): "'\(path)' is stored as \(what), which is not supported"
        case .limitExceeded(let what, let limit): "the tar archive has more than \(limit) \(what)"
        }
    }
}
