import TalosModel

/// What is expected of an image from a registry, where names and labels are anybody's: nothing but what was asked for takes the
/// place of a release's own images.
enum ExpectedImage: Hashable, Sendable {
    /// One of the images of which a version consists.
    case own(ImageKind, TalosVersion)
    /// An extension that a catalog lists.
    case systemExtension
    /// An overlay that a catalog lists.
    case overlay
    /// An image by itself, of whatever product.
    case any

    /// The version that it belongs to.
    var version: TalosVersion? {
        if case .own(_, let version) = self { version } else { nil }
    }

    func kind(of flattened: FlattenedImage) -> ImageKind {
        switch self {
        case .own(let kind, _): kind
        case .systemExtension: .systemExtension
        case .overlay: .overlay
        case .any: flattened.isSystemExtension ? .systemExtension : flattened.isOverlay ? .overlay : .other
        }
    }

    /// Whether one platform's image holds what is needed of all of them.
    var isReadOnce: Bool {
        if case .own(let kind, _) = self { kind.isReadOnce } else { false }
    }
}

extension FlattenedImage {
    var isSystemExtension: Bool { rootNames.isSuperset(of: ["manifest.yaml", "rootfs"]) }

    var isOverlay: Bool {
        !rootNames.isDisjoint(with: ["installers", "profiles"])
            && rootNames.isSubset(of: ["artifacts", "installers", "profiles"])
    }
}
