import Digests
import TalosModel
import Trust

/// An image of a release, by the digest that names it: what is wanted, wherever its bytes are.
public struct PinnedImage: Hashable, Sendable {
    /// The digest of its index, or of its manifest when it has no index.
    public let digest: Digest
    /// Its name with registry and tag, where it has one.
    public let reference: String?
    /// What messages call it.
    let title: String

    init(_ title: String, digest: Digest, reference: String?) {
        self.title = title
        self.digest = digest
        self.reference = reference
    }
}

extension OfficialExtension {
    /// The extension's image, as the catalog pins it.
    public var image: PinnedImage {
        PinnedImage("the extension \(name) (\(reference)@\(digest))", digest: digest, reference: reference)
    }
}

extension OfficialOverlay {
    /// The overlay's image, as the catalog pins it.
    public var pinnedImage: PinnedImage {
        PinnedImage("the overlay \(name) (\(reference)@\(digest))", digest: digest, reference: reference)
    }
}

extension ReleaseSummary {
    /// The image that the boot files are out of; nil if none has been imported.
    public var imager: PinnedImage? {
        imagerProvenance.map {
            PinnedImage("the imager of \(version.tag)", digest: $0.subject, reference: $0.reference)
        }
    }

    /// The image of the program that writes Talos to a disk.
    ///
    /// - Throws: `ReleaseError` with code `notImported`.
    public func installer() throws(ReleaseError) -> PinnedImage {
        guard let provenance = installerProvenance else {
            throw ReleaseError(
                .notImported,
                "the installer of \(version.tag) has not been imported; import "
                    + (version.isAtLeast(1, 10) ? "siderolabs/installer-base" : "siderolabs/installer"))
        }
        return PinnedImage(
            "the installer of \(version.tag)", digest: provenance.subject, reference: provenance.reference)
    }
}
