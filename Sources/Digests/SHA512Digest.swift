import Bytes
import COpenSSL

/// The SHA-512 of some content. Nothing is named by it here; clients compare it with what they got.
public struct SHA512Digest: Hashable, Sendable, CustomStringConvertible {
    /// The 64 bytes.
    public let bytes: [UInt8]

    /// A digest from its 64 bytes, or nil if there are not 64.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 64 else { return nil }
        self.bytes = Array(bytes)
    }

    /// A digest from its OCI form, "sha512:" and 128 lower-case hexadecimal digits.
    public init?(parsing text: some StringProtocol) {
        guard text.utf8.starts(with: "sha512:".utf8) else { return nil }
        let digits = text.dropFirst("sha512:".count)
        guard !digits.utf8.contains(where: (UInt8(ascii: "A")...UInt8(ascii: "F")).contains),
            let bytes = [UInt8](hexadecimal: digits)
        else { return nil }
        self.init(bytes: bytes)
    }

    /// 128 lower-case hexadecimal digits.
    public var hexadecimal: String { bytes.hexadecimal }

    public var description: String { "sha512:\(hexadecimal)" }
}

extension SHA512Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let digest = SHA512Digest(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is not a sha512 digest"))
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Computes a SHA-512 as the bytes come by.
public struct SHA512Hasher: ~Copyable {
    private var state: MessageDigest

    /// A hasher that has seen nothing.
    public init() { state = MessageDigest(EVP_sha512()) }

    /// Takes in `bytes`.
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { state.update(bytes) }

    /// The digest of all that was taken in.
    public consuming func finalize() -> SHA512Digest {
        let bytes = state.finalize()
        guard let digest = SHA512Digest(bytes: bytes) else {
            fatalError("libcrypto's SHA-512 is \(bytes.count) bytes long")
        }
        return digest
    }
}
