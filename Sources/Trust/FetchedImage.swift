import Compositions
import Digests
import OCIModel

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
    /// What a policy judges it by.
    public var evidence: ImageEvidence
    /// The digest of the manifest for this platform, which is the subject or stands in its index.
    public var manifest: Digest
    /// The configuration.
    public var configuration: ImageConfiguration
    /// The layers, the lowest first.
    public var layers: [ImageLayer]

    /// An image that has been fetched.
    public init(
        evidence: ImageEvidence, manifest: Digest, configuration: ImageConfiguration, layers: [ImageLayer]
    ) {
        self.evidence = evidence
        self.manifest = manifest
        self.configuration = configuration
        self.layers = layers
    }

    /// Puts the image before a policy.
    public func verified(by policy: any TrustPolicy) throws(TrustRefusal) -> VerifiedImage {
        VerifiedImage(image: self, verification: try policy.verify(evidence))
    }
}

/// A file out of an image of which only some files are kept: its bytes are here and hash to what was recorded when the image
/// was taken apart. `verified(by:)` makes a `VerifiedFile` of it, and only that is used.
public struct FetchedFile: Hashable, Sendable {
    /// What a policy judges the image by.
    public var evidence: ImageEvidence
    /// The content.
    public var file: StoredFile

    /// A file that has been fetched.
    public init(evidence: ImageEvidence, file: StoredFile) {
        self.evidence = evidence
        self.file = file
    }

    /// Puts the image that the file is out of before a policy.
    public func verified(by policy: any TrustPolicy) throws(TrustRefusal) -> VerifiedFile {
        VerifiedFile(file: file, verification: try policy.verify(evidence))
    }
}
