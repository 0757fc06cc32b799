import Compositions
import Digests
import OCIModel

/// That a policy accepted an image. Nothing outside of this module can make one.
public struct Verification: Hashable, Sendable {
    /// What it was judged by.
    public let evidence: ImageEvidence
    /// The policy that accepted it.
    public let policy: String
    /// Why it did.
    public let grounds: String

    init(evidence: ImageEvidence, policy: String, grounds: String) {
        self.evidence = evidence
        self.policy = policy
        self.grounds = grounds
    }
}

/// An image that a policy accepted. Nothing outside of this module can make one, so whoever holds one need not ask.
public struct VerifiedImage: Hashable, Sendable {
    /// That it was accepted, by what and why.
    public let verification: Verification
    /// The digest of the manifest for this platform.
    public let manifest: Digest
    /// The configuration.
    public let configuration: ImageConfiguration
    /// The layers, the lowest first.
    public let layers: [ImageLayer]

    init(image: FetchedImage, verification: Verification) {
        self.verification = verification
        manifest = image.manifest
        configuration = image.configuration
        layers = image.layers
    }
}

/// A file out of an image that a policy accepted. Nothing outside of this module can make one.
public struct VerifiedFile: Hashable, Sendable {
    /// The content.
    public let file: StoredFile
    /// That the image it is out of was accepted, by what and why.
    public let verification: Verification

    init(file: StoredFile, verification: Verification) {
        self.file = file
        self.verification = verification
    }
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
