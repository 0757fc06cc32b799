import Digests
import NIOCore

/// Where the bytes of a blob go as they come.
///
/// Nothing is whole before the call that fetches it has returned: only then the digest is known to be right. Work that waits for a
/// disk is done off the cooperative pool by whoever implements this; meanwhile nothing more is read from the line.
public protocol BlobSink: Sendable {
    /// What comes next begins at `offset`: right behind all that came so far, or at 0, and then all that came before is void.
    func begin(at offset: UInt64) async throws

    /// The next bytes, in order.
    func write(_ bytes: ByteBuffer) async throws
}

/// The beginning of a blob that was fetched earlier, and hashed.
public struct BlobPrefix: ~Copyable, Sendable {
    /// How many bytes it has.
    public let length: UInt64
    /// A hasher that has taken them in.
    fileprivate let hasher: SHA256Hasher

    /// The first `length` bytes of a blob, all of which `hasher` has taken in.
    public init(length: UInt64, hasher: consuming SHA256Hasher) {
        self.length = length
        self.hasher = hasher
    }
}

extension BlobPrefix {
    consuming func taken() -> SHA256Hasher { hasher }
}
