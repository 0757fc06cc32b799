import Digests
import OCIModel

/// A manifest or an index, as its registry has it, byte for byte.
public struct RegistryDocument: Hashable, Sendable {
    /// The bytes.
    public let bytes: [UInt8]
    /// What it is: of the four kinds of manifests and indexes that ``MediaType`` names.
    public let mediaType: MediaType
    /// The digest of the bytes.
    public let digest: Digest

    /// What an index would say of it.
    public var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: UInt64(bytes.count)) }

    /// The document as an index; nil if it is a manifest.
    public func index() throws(OCIModelError) -> Index? {
        try mediaType.isIndex ? Index(decoding: bytes[...]) : nil
    }

    /// The document as a manifest; nil if it is an index.
    public func manifest() throws(OCIModelError) -> Manifest? {
        try mediaType.isManifest ? Manifest(decoding: bytes[...]) : nil
    }

    /// What is asked for with every request for a document. A registry that does not find its kind here denies that it is there, or
    /// gives something else.
    static let accepted: [MediaType] = [.index, .dockerIndex, .manifest, .dockerManifest]

    /// Looks whether bytes are a document, and of which kind.
    ///
    /// - Parameters:
    ///   - declared: The media type that came with them.
    ///   - request: Who gave them for what, for messages.
    /// - Throws: ``RegistryError``, where they are none, or might be two.
    init(_ bytes: [UInt8], declared: String?, digest: Digest, request: String) throws(RegistryError) {
        func fault(_ problem: String, cause: (any Error)? = nil) -> RegistryError {
            RegistryError(.badAnswer, "\(request) answers with what is no manifest: \(problem)", cause: cause)
        }
        if let declared, declared.hasPrefix("text/html") {
            throw fault("it is a web page; something between here and there answers in the registry's place")
        }
        let value: JSONValue
        do { value = try JSONValue(decoding: bytes[...]) } catch { throw fault("\(error)", cause: error) }
        let isIndex = value["manifests"] != nil
        let isManifest = value["layers"] != nil || value["config"] != nil
        guard isIndex != isManifest else {
            throw fault(
                isIndex ? "it can be read as an index and as a manifest" : "it lists neither manifests nor layers")
        }
        if let declared, declared.hasPrefix("application/vnd.docker.distribution.manifest.v1+") {
            throw fault("it is in Docker's first form, which has no digests to go by")
        }
        let specific = declared.flatMap { name in Self.accepted.first { $0.rawValue == name } }
        let own = value["mediaType"]?.text.map { MediaType(rawValue: $0) }
        if let specific, let own, specific != own {
            throw fault(
                "it is a '\(PlainText.shown(own.rawValue))' by its own words, and a '\(specific)' by the registry's")
        }
        let type = own ?? specific ?? (isIndex ? .index : .manifest)
        guard isIndex ? type.isIndex : type.isManifest else {
            throw fault(
                "it says that it is a '\(PlainText.shown(type.rawValue))', and is \(isIndex ? "an index" : "a manifest")"
            )
        }
        self.bytes = bytes
        mediaType = type
        self.digest = digest
    }
}
