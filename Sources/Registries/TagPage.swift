import OCIModel

/// One page of a list of tags (distribution specification, "Listing Tags").
enum TagPage {
    /// The tags of a page. What cannot be a tag is left out: it cannot be asked for either.
    ///
    /// - Throws: `RegistryError`, where it is no list of tags.
    static func read(_ bytes: [UInt8], request: String) throws(RegistryError) -> [String] {
        // Some registries say everything they know of each tag's manifest.
        let limits = JSONLimits(maximumBytes: bytes.count, maximumValues: 400_000)
        let value: JSONValue
        do { value = try JSONValue(decoding: bytes[...], limits: limits) } catch {
            throw RegistryError(.badAnswer, "\(request) answers with what is no list of tags: \(error)", cause: error)
        }
        switch value["tags"] {
        case .array(let tags)?: return tags.compactMap(\.text).filter { ImageReference.isTag($0) }
        // A repository whose last tag was deleted.
        case .null?: return []
        default: throw RegistryError(.badAnswer, "\(request) answers with what is no list of tags")
        }
    }
}
