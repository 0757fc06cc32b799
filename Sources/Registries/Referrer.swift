import Digests
import OCIModel

/// What refers to an image: a signature, an attestation, a list of its contents.
public struct Referrer: Hashable, Sendable {
    /// Its manifest.
    public var document: RegistryDocument
    /// What kind of thing it is, by its own words; nil where it has none.
    public var artifactType: MediaType?

    /// A manifest as a referrer of `subject`; nil if it refers to something else or to nothing, or is no manifest.
    init?(_ document: RegistryDocument, of subject: Digest) {
        guard let manifest = try? document.manifest(), manifest.subject?.digest == subject else { return nil }
        self.document = document
        artifactType = Self.artifactType(manifest)
    }

    /// The manifest's own kind; where it has none, that of its configuration, and where that says nothing, of its first layer
    /// (OCI image specification, manifest.md).
    private static func artifactType(_ manifest: Manifest) -> MediaType? {
        if let own = manifest.artifactType { return own }
        if manifest.configuration.mediaType != emptyType { return manifest.configuration.mediaType }
        return manifest.layers.first?.mediaType
    }

    /// What is said where nothing is to be said.
    static let emptyType = MediaType(rawValue: "application/vnd.oci.empty.v1+json")
}

/// A list of referrers, before any of them has been looked at (distribution specification, "Listing Referrers").
///
/// An entry that cannot be read is passed over, for it must not hide the others.
struct ReferrerPage {
    /// Something that may refer to the image.
    struct Candidate: Hashable {
        var digest: Digest
        var size: UInt64
        /// What the list says of its kind. Lists under tags were written by many programs, and it is wrong or missing in most of them.
        var artifactType: MediaType?

        /// Whether it may be of a kind: also where nothing is said about that.
        func mayBe(_ type: MediaType?) -> Bool {
            guard let type, let own = artifactType, own != Referrer.emptyType else { return true }
            return own == type
        }
    }

    var candidates: [Candidate]

    /// Reads an index; nil if it is none.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(decoding: bytes[...]), case .array(let manifests)? = value["manifests"],
            value["layers"] == nil
        else { return nil }
        candidates = manifests.compactMap { entry in
            guard let digest = entry["digest"]?.text.flatMap({ Digest(parsing: $0) }),
                case .integer(let number)? = entry["size"], let size = UInt64(exactly: number)
            else { return nil }
            let type = entry["artifactType"]?.text.flatMap { $0.isEmpty ? nil : MediaType(rawValue: $0) }
            return Candidate(digest: digest, size: size, artifactType: type)
        }
    }
}
