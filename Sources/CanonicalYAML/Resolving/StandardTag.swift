/// The short forms of the tags that YAML and go-yaml know.
enum StandardTag {
    static let null = "!!null"
    static let bool = "!!bool"
    static let string = "!!str"
    static let int = "!!int"
    static let float = "!!float"
    static let timestamp = "!!timestamp"
    static let sequence = "!!seq"
    static let mapping = "!!map"
    static let binary = "!!binary"
    static let merge = "!!merge"

    /// Whether a scalar with this explicit tag still has its text looked at. Any other tag makes a string of the text.
    static func isResolvable(_ tag: String) -> Bool {
        switch tag {
        case "", string, bool, int, float, null, timestamp: true
        default: false
        }
    }
}

extension Node {
    /// Whether the node is a string whatever its text looks like: by its quotes, or by an explicit `!!str`.
    var isIndicatedString: Bool {
        guard kind == .scalar else { return false }
        return tag == StandardTag.string || (tag.isEmpty || tag == "!") && style != .plain
    }

    /// The tag written on the node or, where there is none, the one that its text or its kind implies; empty for an alias.
    var resolvedTag: String {
        guard tag.isEmpty else { return tag }
        switch kind {
        case .scalar: return style == .plain ? ResolvedScalar(plain: value).tag : StandardTag.string
        case .sequence: return StandardTag.sequence
        case .mapping: return StandardTag.mapping
        case .alias: return ""
        }
    }

    /// The tag that says of what type the node is: an alias has its target's, and `!` means a string.
    var typeTag: String {
        switch kind {
        case .alias: return target?.typeTag ?? ""
        case .scalar: return isIndicatedString || tag == "!" ? StandardTag.string : resolvedTag
        case .sequence: return tag == "!" ? StandardTag.sequence : resolvedTag
        case .mapping: return tag == "!" ? StandardTag.mapping : resolvedTag
        }
    }

    /// Whether the node, as a key, merges its value into the mapping: a plain `<<`, or any scalar tagged `!!merge`.
    var isMergeKey: Bool { kind == .scalar && resolvedTag == StandardTag.merge }

    /// Whether the keys of this mapping are all strings or `<<`.
    var hasOnlyStringKeys: Bool {
        stride(from: 0, to: children.count, by: 2).allSatisfy { index in
            let tag = children[index].typeTag
            return tag == StandardTag.string || tag == StandardTag.merge
        }
    }
}
