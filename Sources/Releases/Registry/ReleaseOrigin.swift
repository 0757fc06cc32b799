import Digests
import OCIModel
import Registries
import TalosModel

/// The registry from which releases come, and what stands before the names of their repositories there.
///
/// Catalogs name images at the registry that they were made for. Of such a name the path and the tag count; where it is fetched
/// from is said here, as Image Factory does it.
public struct ReleaseOrigin: Hashable, Sendable {
    /// The registry.
    public var registry: RegistryHost
    /// What stands before a repository's name there, without slashes at its ends; mostly empty.
    public var namespace: String

    /// A place that releases come from.
    public init(registry: RegistryHost = .github, namespace: String = "") {
        self.registry = registry
        self.namespace = namespace
    }

    /// Where an image is fetched that is known as `repository`.
    func place(_ repository: String, tag: String?, digest: Digest? = nil) -> ImageReference {
        ImageReference(
            registry: registry.description, repository: namespace.isEmpty ? repository : "\(namespace)/\(repository)",
            tag: tag, digest: digest)
    }
}

/// An image that is to be fetched.
struct WantedImage: Hashable, Sendable {
    /// What it is known as, and recorded as.
    var name: String
    /// Where it is.
    var place: ImageReference
    /// What it is.
    var expected: ExpectedImage
    /// Whether a registry may have none.
    var isOptional = false
}

extension ReleaseOrigin {
    /// The images of which a version consists itself. All catalogs are fetched with them: they name the others.
    func ownImages(of version: TalosVersion) -> [WantedImage] {
        func image(_ name: String, _ kind: ImageKind, isOptional: Bool = false) -> WantedImage {
            let place = place("siderolabs/\(name)", tag: version.tag)
            let known = ImageReference(
                registry: registry.description, repository: "siderolabs/\(name)", tag: version.tag)
            return WantedImage(
                name: known.description, place: place, expected: .own(kind, version), isOptional: isOptional)
        }
        return [
            image("imager", .imager),
            image("extensions", .extensionCatalog, isOptional: !version.isAtLeast(1, 6)),
            image("overlays", .overlayCatalog, isOptional: !version.isAtLeast(1, 7)),
            image(version.isAtLeast(1, 10) ? "installer-base" : "installer", .installer),
        ]
    }

    /// The images that a release's catalogs list, each once.
    ///
    /// - Parameter extensions: The names of the extensions that are wanted, and no overlays; nil wants all.
    /// - Throws: ``ReleaseError`` with code `notImported` for a name that is not in the catalog.
    func listedImages(of release: ReleaseSummary, extensions names: [String]?) throws(ReleaseError) -> [WantedImage] {
        var images: [WantedImage] = []
        var known: Set<Digest> = []
        func add(_ repository: String, _ reference: String, _ digest: Digest, _ expected: ExpectedImage) {
            guard known.insert(digest).inserted else { return }
            let tag = (try? ImageReference(parsing: reference))?.tag
            images.append(
                WantedImage(name: reference, place: place(repository, tag: tag, digest: digest), expected: expected))
        }
        let all = try release.knownExtensions()
        if let names {
            for name in names {
                let found = all.filter { $0.name == name || $0.name == "siderolabs/\(name)" }
                guard !found.isEmpty else {
                    throw ReleaseError(
                        .notImported, "there is no extension '\(name)' in the catalog of \(release.version.tag)")
                }
                for entry in found { add(entry.name, entry.reference, entry.digest, .systemExtension) }
            }
            return images
        }
        for entry in all { add(entry.name, entry.reference, entry.digest, .systemExtension) }
        for entry in try release.knownOverlays() { add(entry.image, entry.reference, entry.digest, .overlay) }
        return images
    }
}
