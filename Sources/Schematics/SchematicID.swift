import Digests

/// The name of a schematic: the SHA-256 of its canonical text.
public struct SchematicID: Hashable, Sendable, CustomStringConvertible {
    /// The SHA-256 of the canonical text.
    public let digest: Digest

    /// The ID of a schematic with this digest.
    public init(_ digest: Digest) { self.digest = digest }

    /// An ID from 64 lower-case hexadecimal digits; nil for anything else.
    public init?(parsing text: some StringProtocol) {
        guard let digest = Digest(hexadecimal: text) else { return nil }
        self.digest = digest
    }

    /// 64 lower-case hexadecimal digits.
    public var description: String { digest.hexadecimal }
}
