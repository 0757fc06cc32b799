import Digests
import Foundation
import TalosModel

/// Fills an OCI layout folder (OCI image specification, "Image Layout").
struct OCILayoutWriter {
    private let folder: String
    private let packers: Packers
    private var references: [[String: Any]] = []

    /// The media types of one family; catalogs are published with Docker's, the rest with OCI's.
    enum MediaTypes {
        case oci
        case docker

        var manifest: String {
            switch self {
            case .oci: "application/vnd.oci.image.manifest.v1+json"
            case .docker: "application/vnd.docker.distribution.manifest.v2+json"
            }
        }
        var configuration: String {
            switch self {
            case .oci: "application/vnd.oci.image.config.v1+json"
            case .docker: "application/vnd.docker.container.image.v1+json"
            }
        }
        var layer: String {
            switch self {
            case .oci: "application/vnd.oci.image.layer.v1.tar+gzip"
            case .docker: "application/vnd.docker.image.rootfs.diff.tar.gzip"
            }
        }
        var index: String {
            switch self {
            case .oci: "application/vnd.oci.image.index.v1+json"
            case .docker: "application/vnd.docker.distribution.manifest.list.v2+json"
            }
        }
    }

    /// A blob's digest and length.
    struct Blob {
        let digest: Digest
        let size: Int
    }

    /// A layer: its compressed blob, and the digest of the tar in it.
    struct Layer {
        let blob: Blob
        let diffID: Digest
    }

    /// What a container configuration says beside its layers.
    struct Configuration {
        var entrypoint: [String] = []
        var environment: [String] = []
        var labels: [String: String] = [:]
    }

    init(folder: String, packers: Packers) throws {
        self.folder = folder
        self.packers = packers
        try FileManager.default.createDirectory(atPath: "\(folder)/blobs/sha256", withIntermediateDirectories: true)
    }

    /// Stores a tree as a layer.
    func layer(of tree: FileTree) throws -> Layer {
        let archive = "\(folder)/layer.tar"
        try packers.layer(tree, to: archive)
        try packers.compressWithGzip(archive, to: "\(archive).gz")
        let diffID = try digest(ofFileAt: archive)
        try FileManager.default.removeItem(atPath: archive)
        let digest = try digest(ofFileAt: "\(archive).gz")
        let blob = "\(folder)/blobs/sha256/\(digest.hexadecimal)"
        let size = try FileManager.default.attributesOfItem(atPath: "\(archive).gz")[.size] as? Int ?? 0
        if FileManager.default.fileExists(atPath: blob) {
            try FileManager.default.removeItem(atPath: "\(archive).gz")
        } else {
            try FileManager.default.moveItem(atPath: "\(archive).gz", toPath: blob)
        }
        return Layer(blob: Blob(digest: digest, size: size), diffID: diffID)
    }

    /// Stores a manifest with its configuration for one architecture.
    func image(
        _ layers: [Layer], architecture: Architecture, types: MediaTypes = .oci, configuration: Configuration = .init()
    ) throws -> Blob {
        var container: [String: Any] = [:]
        if !configuration.entrypoint.isEmpty { container["Entrypoint"] = configuration.entrypoint }
        if !configuration.environment.isEmpty { container["Env"] = configuration.environment }
        if !configuration.labels.isEmpty { container["Labels"] = configuration.labels }
        let stored = try put([
            "architecture": architecture.rawValue, "os": "linux", "config": container,
            "created": "1970-01-01T00:00:00Z",
            "rootfs": ["type": "layers", "diff_ids": layers.map(\.diffID.description)] as [String: Any],
        ])
        return try put([
            "schemaVersion": 2, "mediaType": types.manifest, "config": descriptor(stored, types.configuration),
            "layers": layers.map { descriptor($0.blob, types.layer) },
        ])
    }

    /// Stores an index over the images of several architectures and names it in the layout.
    mutating func publish(
        _ images: [(architecture: Architecture, image: Blob)], as reference: String, types: MediaTypes = .oci
    ) throws -> Digest {
        let manifests = images.map { entry in
            var manifest = descriptor(entry.image, types.manifest)
            manifest["platform"] = ["architecture": entry.architecture.rawValue, "os": "linux"]
            return manifest
        }
        let index = try put(["schemaVersion": 2, "mediaType": types.index, "manifests": manifests])
        var named = descriptor(index, types.index)
        named["annotations"] = ["org.opencontainers.image.ref.name": reference]
        references.append(named)
        return index.digest
    }

    /// Names a manifest in the layout without an index over it.
    mutating func publish(_ image: Blob, as reference: String, types: MediaTypes = .oci) -> Digest {
        var named = descriptor(image, types.manifest)
        named["annotations"] = ["org.opencontainers.image.ref.name": reference]
        references.append(named)
        return image.digest
    }

    /// Writes the layout's own two files.
    func finish() throws {
        try json(["imageLayoutVersion": "1.0.0"]).write(to: URL(fileURLWithPath: "\(folder)/oci-layout"))
        try json(["schemaVersion": 2, "mediaType": MediaTypes.oci.index, "manifests": references])
            .write(to: URL(fileURLWithPath: "\(folder)/index.json"))
    }

    private func put(_ value: [String: Any]) throws -> Blob {
        let bytes = try json(value)
        var hasher = SHA256Hasher()
        hasher.update(Array(bytes))
        let digest = hasher.finalize()
        try bytes.write(to: URL(fileURLWithPath: "\(folder)/blobs/sha256/\(digest.hexadecimal)"))
        return Blob(digest: digest, size: bytes.count)
    }

    private func json(_ value: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes])
    }

    private func descriptor(_ blob: Blob, _ mediaType: String) -> [String: Any] {
        ["mediaType": mediaType, "digest": blob.digest.description, "size": blob.size]
    }

    private func digest(ofFileAt path: String) throws -> Digest {
        var hasher = SHA256Hasher()
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hasher.update(Array(piece)) }
        try file.close()
        return hasher.finalize()
    }
}
