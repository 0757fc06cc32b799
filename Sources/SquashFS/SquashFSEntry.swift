/// One file, directory or symbolic link of a file system that is to be made. Owner and group are root.
public struct SquashFSEntry: Hashable, Sendable {
    /// The path from the root, without a slash at either end; the root itself is the empty string.
    public var path: String
    /// What it is.
    public var kind: Kind
    /// The permission bits, set-user-ID and the like included.
    public var permissions: UInt16
    /// Extended attributes by their full names; `user.`, `trusted.` and `security.` exist.
    public var extendedAttributes: [String: [UInt8]]

    /// What an entry is.
    public enum Kind: Hashable, Sendable {
        /// A directory; every path needs an entry for each directory above it.
        case directory
        /// A regular file.
        case file(Content)
        /// A symbolic link and what it points to.
        case symbolicLink(target: String)
    }

    /// The content of a file, which the writer asks for when its turn comes.
    public struct Content: Hashable, Sendable {
        /// Names the content; entries with the same number share one copy in the image.
        public var id: Int
        /// How many bytes it has.
        public var size: UInt64

        /// Names some content.
        public init(id: Int, size: UInt64) {
            self.id = id
            self.size = size
        }
    }

    /// An entry.
    public init(path: String, kind: Kind, permissions: UInt16, extendedAttributes: [String: [UInt8]] = [:]) {
        self.path = path
        self.kind = kind
        self.permissions = permissions
        self.extendedAttributes = extendedAttributes
    }
}

/// The compressor of an image, by its number in the superblock. The image needs only its name; the work is done by the
/// closure given to `SquashFSPlan.write`.
public enum SquashFSCompression: UInt16, Hashable, Sendable {
    /// zlib streams.
    case zlib = 1
    /// xz streams with a CRC-32 or no check, and a dictionary of at most 131072 bytes.
    case xz = 4
    /// zstd frames with a window of at most 131072 bytes.
    case zstd = 6
}

/// Why a file system cannot be made.
public enum SquashFSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A name that no directory can hold: empty, ".", "..", longer than 256 bytes, or with a zero byte.
    case invalidName(path: String)
    /// Two entries with one path.
    case duplicatePath(String)
    /// An entry in something that is no directory or has no entry; for the root, that it is missing.
    case missingDirectory(path: String)
    /// A file of 4 GiB or more.
    case fileTooLarge(path: String)
    /// A link target that is empty, longer than 4095 bytes, or has a zero byte.
    case invalidLinkTarget(path: String)
    /// An attribute that the format has no place for.
    case invalidAttribute(path: String, name: String)
    /// The content that was read is not as long as the entry said.
    case contentLength(path: String, expected: UInt64)
    /// The compressor gave something other than one answer for each block.
    case compressorMismatch
    /// More than the format's 32-bit counters can count.
    case tooLarge(String)

    public var description: String {
        switch self {
        case .invalidName(let path): "'\(path)' has a name that squashfs cannot hold"
        case .duplicatePath(let path): "'\(path)' occurs twice"
        case .missingDirectory(let path): "'\(path)' is not inside of a directory"
        case .fileTooLarge(let path): "'\(path)' is too large: 4 GiB or more"
        case .invalidLinkTarget(let path): "the symbolic link '\(path)' has an impossible target"
        case .invalidAttribute(let path, let name): "'\(path)' has the attribute '\(name)', which squashfs cannot hold"
        case .contentLength(let path, let expected): "the content of '\(path)' is not \(expected) bytes long"
        case .compressorMismatch: "the block compressor lost or invented blocks"
        case .tooLarge(let what): "the file system is too large: too many \(what)"
        }
    }
}
