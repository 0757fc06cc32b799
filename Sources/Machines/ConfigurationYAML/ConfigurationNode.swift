/// A node of a configuration file, with its place in it.
struct ConfigurationNode: Sendable {
    enum Content: Sendable {
        case scalar(String, isPlain: Bool)
        case sequence([ConfigurationNode])
        case mapping([(key: ConfigurationNode, value: ConfigurationNode)])
    }

    var content: Content
    /// The tag written on it in full form ("tag:yaml.org,2002:str"), or nil.
    var tag: String?
    var position: TextPosition
    /// How many nodes it has, itself included, with aliases followed.
    var weight: Int

    /// Whether it is YAML's null: nothing at all, or one of its names without quotes.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for messages.
    var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// A place in a text; both count from 1, columns in characters.
struct TextPosition: Hashable, Sendable {
    var line: Int
    var column: Int
}
