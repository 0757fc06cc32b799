import Digests
import OCIModel

/// An image that a policy accepted. Nothing outside of this module can make one, so whoever holds one need not ask.
public struct VerifiedImage: Hashable, Sendable {
    /// Where it came from.
    public let provenance: ImageProvenance
    /// The digest of the manifest for this platform.
    public let manifest: Digest
    /// The configuration.
    public let configuration: ImageConfiguration
    /// The layers, the lowest first.
    public let layers: [ImageLayer]
    /// The policy that accepted it.
    public let policy: String
    /// Why it did.
    public let grounds: String

    init(image: FetchedImage, policy: String, grounds: String) {
        provenance = image.provenance
        manifest = image.manifest
        configuration = image.configuration
        layers = image.layers
        self.policy = policy
        self.grounds = grounds
    }
}

/// What became of an image before a policy.
public enum TrustVerdict: Hashable, Sendable {
    /// It may be used.
    case verified(VerifiedImage)
    /// It may not.
    case refused(TrustRefusal)
}

/// Why an image may not be used.
public struct TrustRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The image.
    public var subject: Digest
    /// The policy that refused it.
    public var policy: String
    /// Every reason it gave.
    public var reasons: [String]

    public var description: String {
        "\(subject) is refused by the policy '\(policy)': \(reasons.joined(separator: "; "))"
    }
}
