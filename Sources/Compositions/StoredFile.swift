import Digests
import Files
import SystemPackage

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

extension StoredFile {
    /// Whether an open file is this one in the state in which its content was checked or, where that is not known, has its
    /// length. Asked when the file is opened and at each step of sending it: what was altered in between is not what the
    /// digest names.
    public func isIntact(in descriptor: FileDescriptor) -> Bool {
        guard let found = try? FileIdentity(of: descriptor) else { return false }
        if let identity { return found == identity }
        return found.isRegular && found.length == length
    }
}
