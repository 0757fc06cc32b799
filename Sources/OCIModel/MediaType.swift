/// What a blob holds, by its registered name; unknown names round-trip.
///
/// Source: OCI image specification 1.1, media-types.md, with Docker's older names for the same things.
public struct MediaType: RawRepresentable, Hashable, Sendable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    init(_ rawValue: String) { self.rawValue = rawValue }

    /// A list of manifests.
    public static let index = MediaType("application/vnd.oci.image.index.v1+json")
    /// Docker's list of manifests.
    public static let dockerIndex = MediaType("application/vnd.docker.distribution.manifest.list.v2+json")
    /// An image for one platform.
    public static let manifest = MediaType("application/vnd.oci.image.manifest.v1+json")
    /// Docker's image for one platform.
    public static let dockerManifest = MediaType("application/vnd.docker.distribution.manifest.v2+json")
    /// An image's configuration.
    public static let configuration = MediaType("application/vnd.oci.image.config.v1+json")
    /// Docker's configuration of an image.
    public static let dockerConfiguration = MediaType("application/vnd.docker.container.image.v1+json")
    /// A layer, not compressed.
    public static let layer = MediaType("application/vnd.oci.image.layer.v1.tar")
    /// A layer in gzip.
    public static let gzipLayer = MediaType("application/vnd.oci.image.layer.v1.tar+gzip")
    /// A layer in Zstandard.
    public static let zstdLayer = MediaType("application/vnd.oci.image.layer.v1.tar+zstd")
    /// Docker's layer, not compressed.
    public static let dockerLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar")
    /// Docker's layer in gzip.
    public static let dockerGzipLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar.gzip")
    /// Docker's layer in Zstandard.
    public static let dockerZstdLayer = MediaType("application/vnd.docker.image.rootfs.diff.tar.zstd")

    /// Whether it is a list of manifests.
    public var isIndex: Bool { self == .index || self == .dockerIndex }
    /// Whether it is a manifest.
    public var isManifest: Bool { self == .manifest || self == .dockerManifest }
    /// Whether it is the configuration of an image that can be run, and not that of an artifact.
    public var isImageConfiguration: Bool { self == .configuration || self == .dockerConfiguration }
    /// Whether it is a layer that travels with its image.
    public var isLayer: Bool {
        [.layer, .gzipLayer, .zstdLayer, .dockerLayer, .dockerGzipLayer, .dockerZstdLayer].contains(self)
    }
}

extension MediaType: CustomStringConvertible {
    public var description: String { rawValue }
}
