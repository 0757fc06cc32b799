import CanonicalYAML
import Digests
import OCIModel

/// Reads the lists in the two catalog images.
enum CatalogDocuments {
    /// The most entries a catalog may have. Talos has about a hundred extensions.
    static let maximumEntries = 10_000
    /// How many bytes all descriptions together may have. Talos' are about 100 KB.
    static let maximumTextLength = 4 << 20

    /// Reads `image-digests`: one `<registry>/<path>:<tag>@sha256:<hex>` a line; a line without `@` means nothing.
    /// `descriptions.yaml` has such a line as its key, whole, and may be missing.
    static func extensions(
        imageDigests: [UInt8], descriptions: [UInt8]?
    ) throws(ReleaseError) -> [OfficialExtension] {
        let texts = try descriptions.map { (bytes) throws(ReleaseError) in try Self.descriptions(bytes) } ?? [:]
        var extensions: [OfficialExtension] = []
        var length = 0
        for line in imageDigests.split(separator: UInt8(ascii: "\n")) {
            let text = trimmed(String(decoding: line, as: UTF8.self))
            guard text.utf8.contains(UInt8(ascii: "@")) else { continue }
            guard extensions.count < maximumEntries else {
                throw ReleaseError(.limit, "image-digests lists more than \(maximumEntries) extensions")
            }
            let reference = try reference(text, in: "image-digests")
            guard let digest = reference.digest else {
                throw ReleaseError(.document, "image-digests: '\(text)' has no digest")
            }
            let description = texts[Array(text.utf8)]
            // One text may stand for many in YAML, and each extension gets a copy.
            length += (description?.author.utf8.count ?? 0) + (description?.text.utf8.count ?? 0)
            guard length <= maximumTextLength else {
                throw ReleaseError(
                    .limit, "descriptions.yaml describes extensions with more than \(maximumTextLength) bytes together")
            }
            extensions.append(
                OfficialExtension(
                    name: reference.repository, reference: reference.withoutDigest, digest: digest,
                    author: description?.author ?? "", description: description?.text ?? ""))
        }
        return extensions
    }

    /// Reads `overlays.yaml`: a list `overlays` of `name`, `image` with its tag, and `digest`.
    static func overlays(_ bytes: [UInt8]) throws(ReleaseError) -> [OfficialOverlay] {
        func fault(_ problem: String) -> ReleaseError { ReleaseError(.document, "overlays.yaml: \(problem)") }
        guard let root = try document(bytes, "overlays.yaml"), let list = root["overlays"]?.resolved else {
            throw fault("it has no list 'overlays'")
        }
        guard list.kind == .sequence, list.children.count <= maximumEntries else {
            // An empty list may be written as nothing at all.
            if list.kind == .scalar, ["", "null", "~"].contains(list.text) { return [] }
            throw fault("'overlays' is not a list of at most \(maximumEntries)")
        }
        var overlays: [OfficialOverlay] = []
        for (index, entry) in list.children.enumerated() {
            func field(_ name: String) throws(ReleaseError) -> String {
                guard let text = entry.resolved[name]?.resolved.text, !text.isEmpty else {
                    throw fault("entry \(index + 1), at line \(entry.position.line), has no '\(name)'")
                }
                return text
            }
            let reference = try reference(field("image"), in: "overlays.yaml")
            let text = try field("digest")
            guard let digest = Digest(parsing: text) else {
                throw fault("'\(text.prefix(128))' is not a sha256 digest")
            }
            overlays.append(
                OfficialOverlay(
                    name: try field("name"), image: reference.repository, reference: reference.withoutDigest,
                    digest: digest))
        }
        return overlays
    }

    private static func descriptions(_ bytes: [UInt8]) throws(ReleaseError) -> [[UInt8]: (author: String, text: String)]
    {
        guard let root = try document(bytes, "descriptions.yaml"), root.kind == .mapping else { return [:] }
        var descriptions: [[UInt8]: (author: String, text: String)] = [:]
        for (key, value) in root.pairs {
            descriptions[key.resolved.value] = (
                value.resolved["author"]?.resolved.text ?? "", value.resolved["description"]?.resolved.text ?? ""
            )
        }
        return descriptions
    }

    private static func document(_ bytes: [UInt8], _ name: String) throws(ReleaseError) -> Node? {
        do { return try composeFirstDocument(of: bytes)?.resolved } catch {
            throw ReleaseError(.document, "\(name): \(error)", cause: error)
        }
    }

    private static func reference(_ text: String, in document: String) throws(ReleaseError) -> ImageReference {
        do { return try ImageReference(parsing: text) } catch {
            throw ReleaseError(.document, "\(document): \(error)", cause: error)
        }
    }

    private static func trimmed(_ text: String) -> String {
        func isBlank(_ byte: UInt8) -> Bool {
            [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r")].contains(byte)
        }
        let front = text.utf8.drop(while: isBlank)
        return front.lastIndex { !isBlank($0) }.map { String(decoding: front[...$0], as: UTF8.self) } ?? ""
    }
}

extension ImageReference {
    /// The name with registry and tag.
    fileprivate var withoutDigest: String {
        ImageReference(registry: registry, repository: repository, tag: tag).description
    }
}

extension Node {
    /// The node itself, or what it stands for.
    fileprivate var resolved: Node { kind == .alias ? target ?? self : self }

    /// A scalar's text; nil for other nodes.
    fileprivate var text: String? { kind == .scalar ? String(decoding: value, as: UTF8.self) : nil }

    /// A mapping's keys and values; none for other nodes.
    fileprivate var pairs: [(key: Node, value: Node)] {
        guard kind == .mapping else { return [] }
        return stride(from: 0, to: children.count - children.count % 2, by: 2).map { (children[$0], children[$0 + 1]) }
    }

    /// The value under a key of a mapping.
    fileprivate subscript(name: String) -> Node? {
        pairs.first { $0.key.resolved.value.elementsEqual(name.utf8) }?.value
    }
}
