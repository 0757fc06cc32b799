import Digests

/// A blob's name, length and kind, as one document mentions it (OCI image specification, descriptor.md).
public struct Descriptor: Hashable, Sendable {
    /// What it holds.
    public var mediaType: MediaType
    /// Its SHA-256. Other algorithms are refused: nothing is published under them.
    public var digest: Digest
    /// How many bytes it has.
    public var size: UInt64
    /// What an image runs on, where its index says so.
    public var platform: Platform?
    /// What a manifest is that is no image, where a list of referrers says so.
    public var artifactType: MediaType?
    /// Notes, such as an image's name.
    public var annotations: [String: String]

    /// Describes a blob.
    public init(
        mediaType: MediaType, digest: Digest, size: UInt64, platform: Platform? = nil,
        artifactType: MediaType? = nil, annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.platform = platform
        self.artifactType = artifactType
        self.annotations = annotations
    }

    init(_ reader: DocumentReader) throws(OCIModelError) {
        mediaType = MediaType(try reader.required("mediaType", reader.string("mediaType")))
        digest = try reader.digest("digest")
        size = try reader.length("size")
        platform = try reader.object("platform").map { (reader) throws(OCIModelError) in try Platform(reader) }
        artifactType = try reader.string("artifactType").flatMap { $0.isEmpty ? nil : MediaType($0) }
        annotations = try reader.stringMap("annotations", limit: OCILimits.annotations)
    }

    /// The descriptor as it stands in a document.
    var value: JSONValue {
        .object([
            "mediaType": .string(mediaType.rawValue), "digest": .string(digest.description),
            "size": .integer(Int64(clamping: size)), "platform": platform?.value,
            "artifactType": artifactType.map { .string($0.rawValue) }, "annotations": .map(annotations),
        ])
    }

    /// The name somebody gave the image when the layout was written: containerd's, which is always whole, before the
    /// specification's, which may be only a tag.
    public var name: String? {
        let name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"]
        return name.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Whether it is BuildKit's attestation about another manifest of the same index, not an image.
    public var isAttestation: Bool {
        annotations["vnd.docker.reference.type"] == "attestation-manifest"
            || platform.map { $0.os == "unknown" && $0.architecture == "unknown" } ?? false
    }
}

/// What an image runs on.
public struct Platform: Hashable, Sendable {
    /// The operating system, by Go's name.
    public var os: String
    /// The processor architecture, by Go's name.
    public var architecture: String
    /// The architecture's variant, such as v8; often empty.
    public var variant: String

    /// Names a platform.
    public init(os: String, architecture: String, variant: String = "") {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    init(_ reader: DocumentReader) throws(OCIModelError) {
        os = try reader.string("os") ?? ""
        architecture = try reader.string("architecture") ?? ""
        variant = try reader.string("variant") ?? ""
    }

    var value: JSONValue {
        .object([
            "architecture": .string(architecture), "os": .string(os),
            "variant": variant.isEmpty ? nil : .string(variant),
        ])
    }
}

extension Platform: CustomStringConvertible {
    public var description: String { "\(os)/\(architecture)" + (variant.isEmpty ? "" : "/\(variant)") }
}

/// How long the lists in a document may be.
public enum OCILimits {
    /// Manifests in an index. A layout with every extension of ten releases has about a thousand.
    public static let manifests = 10_000
    /// Layers in a manifest. Container runtimes stop at 127 or 128.
    public static let layers = 128
    /// Annotations on a descriptor or document, and labels in a configuration.
    public static let annotations = 1000
    /// Words in an entry point or command, and variables in an environment.
    public static let words = 1000
}
