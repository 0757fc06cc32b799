import Digests

/// The digests of a composition's bytes, by which clients and registries know content.
public struct ContentDigests: Hashable, Sendable, Codable {
    /// The SHA-256.
    public var sha256: Digest
    /// The SHA-512.
    public var sha512: SHA512Digest

    /// The digests of some content.
    public init(sha256: Digest, sha512: SHA512Digest) {
        self.sha256 = sha256
        self.sha512 = sha512
    }
}

extension Composition {
    /// Both digests, in one pass over all bytes. Blocks.
    ///
    /// - Parameter isCancelled: asked for each piece that is read.
    /// - Throws: `SegmentError`; `CancellationError`.
    public func contentDigests(isCancelled: () -> Bool = { false }) throws -> ContentDigests {
        var sha256 = SHA256Hasher()
        var sha512 = SHA512Hasher()
        try read { piece in
            if isCancelled() { throw CancellationError() }
            sha256.update(piece)
            sha512.update(piece)
        }
        return ContentDigests(sha256: sha256.finalize(), sha512: sha512.finalize())
    }
}
