/// An image for one platform: its configuration and its layers from the bottom up
/// (OCI image specification, manifest.md; Docker's schema 2 has the same form).
public struct Manifest: Hashable, Sendable {
    /// Its media type.
    public var mediaType: MediaType
    /// What it is, where it is no image: a signature, a bill of materials.
    public var artifactType: MediaType?
    /// The configuration.
    public var configuration: Descriptor
    /// The layers, the lowest first.
    public var layers: [Descriptor]
    /// The manifest that this one says something about; a referrer has one.
    public var subject: Descriptor?
    /// Notes.
    public var annotations: [String: String]

    /// A manifest.
    public init(
        mediaType: MediaType = .manifest, artifactType: MediaType? = nil, configuration: Descriptor,
        layers: [Descriptor], subject: Descriptor? = nil, annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.artifactType = artifactType
        self.configuration = configuration
        self.layers = layers
        self.subject = subject
        self.annotations = annotations
    }

    /// Reads a manifest. One that also has an index's fields is refused.
    public init(decoding bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard) throws(OCIModelError) {
        let reader = try DocumentReader(bytes, as: "image manifest", limits: limits)
        guard !reader.has("manifests") else { throw .ambiguous(document: reader.document) }
        mediaType = MediaType(try reader.string("mediaType") ?? MediaType.manifest.rawValue)
        guard mediaType.isManifest else { throw .mediaType(document: reader.document, found: mediaType.rawValue) }
        artifactType = try reader.string("artifactType").flatMap { $0.isEmpty ? nil : MediaType($0) }
        configuration = try Descriptor(reader.required("config", reader.object("config")))
        var layers: [Descriptor] = []
        for entry in try reader.objects("layers", limit: OCILimits.layers) { layers.append(try Descriptor(entry)) }
        self.layers = layers
        // One that cannot be read names no manifest; the image is none the worse for it.
        subject = (try? reader.object("subject")).flatMap { $0 }.flatMap { try? Descriptor($0) }
        annotations = try reader.stringMap("annotations", limit: OCILimits.annotations)
    }

    /// The manifest as JSON.
    public func encode() -> [UInt8] {
        JSONValue.object([
            "schemaVersion": .integer(2), "mediaType": .string(mediaType.rawValue),
            "artifactType": artifactType.map { .string($0.rawValue) }, "config": configuration.value,
            "layers": .array(layers.map(\.value)), "subject": subject?.value, "annotations": .map(annotations),
        ]).encode()
    }
}
