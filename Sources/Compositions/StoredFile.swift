import Digests

/// Content that lies, complete and immutable, in a file.
public struct StoredFile: Hashable, Sendable {
    /// Where it lies.
    public var path: String
    /// How many bytes it has.
    public var length: UInt64
    /// Its SHA-256.
    public var digest: Digest
    /// The state that the file was in when its content was checked against the digest; nil if nobody has.
    public var identity: FileIdentity?

    /// Names a file's content.
    public init(path: String, length: UInt64, digest: Digest, identity: FileIdentity? = nil) {
        self.path = path
        self.length = length
        self.digest = digest
        self.identity = identity
    }
}
