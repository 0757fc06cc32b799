import COpenSSL

/// Computes a SHA-256 as the bytes come by.
public struct SHA256Hasher: ~Copyable, Sendable {
    private var state: MessageDigest

    /// A hasher that has seen nothing.
    public init() { state = MessageDigest(EVP_sha256()) }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { state.update($0) } }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { state.update($0) } }

    /// The digest of all that was taken in.
    public consuming func finalize() -> Digest {
        let bytes = state.finalize()
        guard let digest = Digest(bytes: bytes) else { fatalError("libcrypto's SHA-256 is \(bytes.count) bytes long") }
        return digest
    }
}

extension Digest {
    /// The SHA-256 of `bytes`.
    public static func of(_ bytes: [UInt8]) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The SHA-256 of `text` in UTF-8.
    public static func of(_ text: String) -> Digest { of(Array(text.utf8)) }
}
