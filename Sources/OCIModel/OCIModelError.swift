/// Why a document is not the OCI document it is taken for.
public enum OCIModelError: Error, Hashable, Sendable {
    /// The text is not JSON, or too much of it.
    case json(document: String, JSONError)
    /// A field is missing or has the wrong form.
    case field(document: String, field: String, problem: String)
    /// The document says that it is of another media type than the one it is used as.
    case mediaType(document: String, found: String)
    /// The document can be read as an index and as a manifest, so two readers could see two different things
    /// (OCI image specification, manifest.md, "Image Manifest Property Descriptions").
    case ambiguous(document: String)
    /// A list is longer than any honest one.
    case tooMany(document: String, field: String, count: Int, limit: Int)
    /// Text that is not an image reference.
    case reference(String, problem: String)
}

extension OCIModelError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .json(let document, let error): "the \(document) is not JSON that is read here: \(error)"
        case .field(let document, let field, let problem): "the \(document)'s field '\(field)' \(problem)"
        case .mediaType(let document, let found): "the \(document) says that it is a '\(found)'"
        case .ambiguous(let document): "the \(document) can be read as an index and as a manifest"
        case .tooMany(let document, let field, let count, let limit):
            "the \(document) lists \(count) \(field), and \(limit) are allowed"
        case .reference(let text, let problem): "'\(text.prefix(256))' is not an image reference: \(problem)"
        }
    }
}
