import Bytes

/// The SHA-256 of some content: its name in stores, in OCI descriptors ("sha256:…") and in schematic IDs.
public struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    // Four words instead of an array: no allocation for a value that is a key everywhere.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// A digest from its 32 bytes, or nil if there are not 32.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var reader = ByteReader(Array(bytes))
        guard let first: UInt64 = try? reader.bigEndian("digest"), let second: UInt64 = try? reader.bigEndian("digest"),
            let third: UInt64 = try? reader.bigEndian("digest"), let fourth: UInt64 = try? reader.bigEndian("digest")
        else { return nil }
        words = (first, second, third, fourth)
    }

    /// A digest from 64 lower-case hexadecimal digits; anything else, upper case too, is nil (OCI image specification,
    /// "Digests").
    public init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.allSatisfy({ !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }),
            let bytes = [UInt8](hexadecimal: text)
        else { return nil }
        self.init(bytes: bytes)
    }

    /// A digest from its OCI form, "sha256:" and 64 lower-case hexadecimal digits.
    public init?(parsing text: some StringProtocol) {
        guard text.utf8.starts(with: "sha256:".utf8) else { return nil }
        self.init(hexadecimal: text.dropFirst("sha256:".count))
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        var writer = ByteWriter(capacity: 32)
        for word in [words.0, words.1, words.2, words.3] { writer.bigEndian(word) }
        return writer.bytes
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String { bytes.hexadecimal }

    public var description: String { "sha256:\(hexadecimal)" }

    public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }
    public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }
    public func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

extension Digest: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let digest = Digest(parsing: text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "'\(text)' is not a sha256 digest"))
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
