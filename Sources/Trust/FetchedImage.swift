import Compositions
import Digests
import OCIModel

/// Where an image came from: all that a policy decides by, and what is recorded of it.
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

        /// Whether it is here because the operator chose it, and not because somebody lists it.
        public var isOperators: Bool {
            switch self {
            case .operatorLayout: true
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

/// A layer as it lies in the store.
public struct ImageLayer: Hashable, Sendable {
    /// The content, compressed or not as `mediaType` says.
    public var file: StoredFile
    /// What the content is.
    public var mediaType: MediaType

    /// A layer.
    public init(file: StoredFile, mediaType: MediaType) {
        self.file = file
        self.mediaType = mediaType
    }
}

/// An image whose bytes are here and hash to what its index and manifest say, which says nothing about whose they are.
/// `verified(by:)` makes a `VerifiedImage` of it, and only that is used.
public struct FetchedImage: Hashable, Sendable {
    /// Where it came from.
    public var provenance: ImageProvenance
    /// The digest of the manifest for this platform, which is the subject or stands in its index.
    public var manifest: Digest
    /// The configuration.
    public var configuration: ImageConfiguration
    /// The layers, the lowest first.
    public var layers: [ImageLayer]

    /// An image that has been fetched.
    public init(
        provenance: ImageProvenance, manifest: Digest, configuration: ImageConfiguration, layers: [ImageLayer]
    ) {
        self.provenance = provenance
        self.manifest = manifest
        self.configuration = configuration
        self.layers = layers
    }

    /// Puts the image before a policy.
    public func verified(by policy: any TrustPolicy) -> TrustVerdict {
        switch policy.judge(provenance) {
        case .trusted(let grounds):
            .verified(VerifiedImage(image: self, policy: policy.name, grounds: grounds))
        case .refused(let reasons):
            .refused(TrustRefusal(subject: provenance.subject, policy: policy.name, reasons: reasons))
        }
    }
}
