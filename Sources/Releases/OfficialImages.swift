import Digests
import TalosModel

/// A system extension that a release's catalog names.
public struct OfficialExtension: Hashable, Sendable, Codable {
    /// The repository's path without a registry, as schematics name it: `siderolabs/gvisor`.
    public var name: String
    /// The whole name with registry and tag.
    public var reference: String
    /// What the catalog pins it to: an index or a manifest.
    public var digest: Digest
    /// Who made it; empty where the catalog does not say.
    public var author: String
    /// What it is, perhaps in several lines; empty where the catalog does not say.
    public var description: String

    /// An entry of a catalog.
    public init(name: String, reference: String, digest: Digest, author: String = "", description: String = "") {
        self.name = name
        self.reference = reference
        self.digest = digest
        self.author = author
        self.description = description
    }
}

/// An overlay (support for one kind of board) that a release's catalog names.
public struct OfficialOverlay: Hashable, Sendable, Codable {
    /// The overlay's name inside its image: `rpi_generic`.
    public var name: String
    /// The image's repository path without a registry, as schematics name it: `siderolabs/sbc-raspberrypi`.
    public var image: String
    /// The image's whole name with registry and tag.
    public var reference: String
    /// What the catalog pins the image to.
    public var digest: Digest

    /// An entry of a catalog.
    public init(name: String, image: String, reference: String, digest: Digest) {
        self.name = name
        self.image = image
        self.reference = reference
        self.digest = digest
    }
}
