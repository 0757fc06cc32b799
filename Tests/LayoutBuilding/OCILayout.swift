import Compression
import Digests
import Foundation
import OCIModel
import TarArchives

/// A member of a layer.
public typealias LayerMember = (entry: TarEntry, content: [UInt8])

/// A regular file for a layer.
public func file(_ path: String, _ content: String, mode: UInt32 = 0o644) -> LayerMember {
    file(path, Array(content.utf8), mode: mode)
}

/// A regular file for a layer.
public func file(_ path: String, _ content: [UInt8], mode: UInt32 = 0o644) -> LayerMember {
    (TarEntry(path: path, kind: .file, mode: mode), content)
}

/// A directory for a layer.
public func folder(_ path: String, mode: UInt32 = 0o755) -> LayerMember {
    (TarEntry(path: path, kind: .directory, mode: mode), [])
}

/// A symbolic link for a layer.
public func link(_ path: String, to target: String) -> LayerMember {
    (TarEntry(path: path, kind: .symbolicLink(target: target), mode: 0o777), [])
}

/// An image for one platform, to be put into a layout.
public struct ImageContent {
    /// The layers, the lowest first.
    public var layers: [[LayerMember]]
    /// What it runs on.
    public var platform: Platform
    /// The first word of its program.
    public var entrypoint: [String]
    /// Its labels.
    public var labels: [String: String]
    /// How its layers are compressed; nil for not at all.
    public var compression: CompressionSettings?

    /// An image.
    public init(
        _ layers: [[LayerMember]], platform: Platform = Platform(os: "linux", architecture: "amd64"),
        entrypoint: [String] = [], labels: [String: String] = [:], compression: CompressionSettings? = .gzip(level: 1)
    ) {
        self.layers = layers
        self.platform = platform
        self.entrypoint = entrypoint
        self.labels = labels
        self.compression = compression
    }
}

/// An OCI layout in memory, honest unless a test spoils its blobs, that can be written as a folder or as a tar archive.
public struct OCILayout: Sendable {
    /// The blobs by the name they are stored under.
    public var blobs: [Digest: [UInt8]] = [:]
    /// The entries of index.json.
    public var entries: [Descriptor] = []
    /// index.json, where it is not the index of `entries`.
    public var rawIndex: [UInt8]?

    /// An empty layout.
    public init() {}

    /// Stores a blob and describes it.
    public mutating func add(_ bytes: [UInt8], _ mediaType: MediaType) -> Descriptor {
        let digest = Digest.of(bytes)
        blobs[digest] = bytes
        return Descriptor(mediaType: mediaType, digest: digest, size: UInt64(bytes.count))
    }

    /// Stores the blobs of an image and describes its manifest.
    public mutating func add(_ image: ImageContent) throws -> Descriptor {
        var layers: [Descriptor] = []
        var diffIDs: [Digest] = []
        for members in image.layers {
            let archive = try TarArchive.encode(members)
            diffIDs.append(Digest.of(archive))
            let mediaType: MediaType
            var bytes = archive
            switch image.compression {
            case nil: mediaType = .layer
            case .zstd?: mediaType = .zstdLayer
            default: mediaType = .gzipLayer
            }
            if let compression = image.compression { bytes = try compress(archive, compression) }
            layers.append(add(bytes, mediaType))
        }
        let configuration = ImageConfiguration(
            platform: image.platform, entrypoint: image.entrypoint, labels: image.labels, diffIDs: diffIDs)
        let manifest = Manifest(configuration: add(configuration.encode(), .configuration), layers: layers)
        return add(manifest.encode(), .manifest)
    }

    /// Stores an index over images for several platforms and describes it.
    public mutating func add(_ images: [ImageContent], attestation: Bool = false) throws -> Descriptor {
        var manifests: [Descriptor] = []
        for image in images {
            var descriptor = try add(image)
            descriptor.platform = image.platform
            manifests.append(descriptor)
        }
        if attestation {
            var descriptor = try add(ImageContent([]))
            descriptor.platform = Platform(os: "unknown", architecture: "unknown")
            descriptor.annotations["vnd.docker.reference.type"] = "attestation-manifest"
            manifests.append(descriptor)
        }
        return add(Index(manifests: manifests).encode(), .index)
    }

    /// Lists an image in index.json under a name.
    public mutating func list(_ descriptor: Descriptor, as name: String? = nil) {
        var descriptor = descriptor
        if let name { descriptor.annotations["org.opencontainers.image.ref.name"] = name }
        entries.append(descriptor)
    }

    /// index.json.
    public var index: [UInt8] { rawIndex ?? Index(manifests: entries).encode() }

    /// Writes the layout as a folder, which must not exist.
    public func write(toFolder path: String) throws {
        let root = URL(fileURLWithPath: path)
        let blobFolder = root.appendingPathComponent("blobs/sha256")
        try FileManager.default.createDirectory(at: blobFolder, withIntermediateDirectories: true)
        for (digest, bytes) in blobs {
            try Data(bytes).write(to: blobFolder.appendingPathComponent(digest.hexadecimal))
        }
        try Data(index).write(to: root.appendingPathComponent("index.json"))
        try Data(Self.marker).write(to: root.appendingPathComponent("oci-layout"))
    }

    /// The layout's members in a tar archive.
    public var members: [LayerMember] {
        [folder("blobs"), folder("blobs/sha256")]
            + blobs.sorted { $0.key < $1.key }.map { file("blobs/sha256/\($0.key.hexadecimal)", $0.value) }
            + [file("index.json", index), file("oci-layout", Self.marker)]
    }

    /// Writes the layout as a tar archive.
    public func write(toArchive path: String, compression: CompressionSettings? = nil) throws {
        var bytes = try TarArchive.encode(members)
        if let compression { bytes = try compress(bytes, compression) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    private static let marker = Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8)
}
