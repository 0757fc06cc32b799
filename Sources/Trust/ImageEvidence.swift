import Compositions
import Digests
import OCIModel

/// Where an image came from, as it is recorded beside it.
public struct ImageProvenance: Hashable, Sendable, Codable {
    /// The digest that names the image: its index's, or its manifest's when it has no index. Signatures sign this one.
    public var subject: Digest
    /// The name it was found under, where it had one.
    public var reference: String?
    /// How it got here.
    public var origin: Origin

    /// How an image got here.
    public enum Origin: Hashable, Sendable, Codable {
        /// The operator handed over a layout on the command line.
        case operatorLayout(path: String)
        /// The operator had it fetched from a registry, which named it.
        case operatorRegistry(host: String)

        /// Whether it is here because the operator chose it, and not because somebody lists it.
        public var isOperators: Bool {
            switch self {
            case .operatorLayout, .operatorRegistry: true
            }
        }
    }

    /// Names an image's origin.
    public init(subject: Digest, reference: String?, origin: Origin) {
        self.subject = subject
        self.reference = reference
        self.origin = origin
    }
}

/// A signature as it was found beside an image. Whether it is worth anything is for a policy to say.
public struct SignatureMaterial: Hashable, Sendable {
    /// What the content is: the payload that cosign signs, or a Sigstore bundle.
    public var mediaType: MediaType
    /// The content.
    public var content: StoredFile
    /// What stood beside the content: cosign puts signature, certificate and chain there.
    public var annotations: [String: String]

    /// A signature.
    public init(mediaType: MediaType, content: StoredFile, annotations: [String: String]) {
        self.mediaType = mediaType
        self.content = content
        self.annotations = annotations
    }
}

/// All that a policy judges an image by. That the image's bytes hash to what its subject says is checked elsewhere.
public struct ImageEvidence: Hashable, Sendable {
    /// Where it came from.
    public var provenance: ImageProvenance
    /// The signatures that are kept beside it.
    public var signatures: [SignatureMaterial]

    /// What is known of an image.
    public init(_ provenance: ImageProvenance, signatures: [SignatureMaterial] = []) {
        self.provenance = provenance
        self.signatures = signatures
    }

    /// The digest that names the image.
    public var subject: Digest { provenance.subject }
}
