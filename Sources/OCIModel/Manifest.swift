/// An image for one platform: its configuration and its layers from the bottom up
/// (OCI image specification, manifest.md; Docker's schema 2 has the same form).
public struct Manifest: Hashable, Sendable {
    /// Its media type.
    public var mediaType: MediaType
    /// The configuration.
    public var configuration: Descriptor
    /// The layers, the lowest first.
    public var layers: [Descriptor]
    /// Notes.
    public var annotations: [String: String]

    /// A manifest.
    public init(
        mediaType: MediaType = .manifest, configuration: Descriptor, layers: [Descriptor],
        annotations: [String: String] = [:]
    ) {
        self.mediaType = mediaType
        self.configuration = configuration
        self.layers = layers
        self.annotations = annotations
    }

    /// Reads a manifest. One that also has an index's fields is refused.
    public init(decoding bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard) throws(OCIModelError) {
        let reader = try DocumentReader(bytes, as: "image manifest", limits: limits)
        guard !reader.has("manifests") else { throw .ambiguous(document: reader.document) }
        mediaType = MediaType(try reader.string("mediaType") ?? MediaType.manifest.rawValue)
        guard mediaType.isManifest else { throw .mediaType(document: reader.document, found: mediaType.rawValue) }
        configuration = try Descriptor(reader.required("config", reader.object("config")))
        var layers: [Descriptor] = []
        for entry in try reader.objects("layers", limit: OCILimits.layers) { layers.append(try Descriptor(entry)) }
        self.layers = layers
        annotations = try reader.stringMap("annotations", limit: OCILimits.annotations)
    }

    /// The manifest as JSON.
    public func encode() -> [UInt8] {
        JSONValue.object([
            "schemaVersion": .integer(2), "mediaType": .string(mediaType.rawValue), "config": configuration.value,
            "layers": .array(layers.map(\.value)), "annotations": .map(annotations),
        ]).encode()
    }
}
