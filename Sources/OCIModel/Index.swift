/// A list of manifests: an image for several platforms, or the table of contents of a layout
/// (OCI image specification, image-index.md; Docker's manifest list has the same form).
public struct Index: Hashable, Sendable {
    /// Its media type.
    public var mediaType: MediaType
    /// What it lists, in order.
    public var manifests: [Descriptor]
    /// Notes.
    public var annotations: [String: String]

    /// A list of manifests.
    public init(mediaType: MediaType = .index, manifests: [Descriptor], annotations: [String: String] = [:]) {
        self.mediaType = mediaType
        self.manifests = manifests
        self.annotations = annotations
    }

    /// Reads an index. One that also has a manifest's fields is refused.
    public init(decoding bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard) throws(OCIModelError) {
        let reader = try DocumentReader(bytes, as: "image index", limits: limits)
        guard !reader.has("layers"), !reader.has("config") else { throw .ambiguous(document: reader.document) }
        // The field is optional in an OCI index: the descriptor or the layout says what it is.
        mediaType = MediaType(try reader.string("mediaType") ?? MediaType.index.rawValue)
        guard mediaType.isIndex else { throw .mediaType(document: reader.document, found: mediaType.rawValue) }
        guard reader.has("manifests") else { throw reader.fault("manifests", "is missing") }
        var manifests: [Descriptor] = []
        for entry in try reader.objects("manifests", limit: OCILimits.manifests) {
            manifests.append(try Descriptor(entry))
        }
        self.manifests = manifests
        annotations = try reader.stringMap("annotations", limit: OCILimits.annotations)
    }

    /// The index as JSON.
    public func encode() -> [UInt8] {
        JSONValue.object([
            "schemaVersion": .integer(2), "mediaType": .string(mediaType.rawValue),
            "manifests": .array(manifests.map(\.value)), "annotations": .map(annotations),
        ]).encode()
    }
}
