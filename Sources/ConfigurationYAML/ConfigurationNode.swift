/// A node of a configuration file, with its place in it.
public struct ConfigurationNode: Sendable {
    public enum Content: Sendable {
        case scalar(String, style: ScalarStyle)
        case sequence([ConfigurationNode])
        case mapping([(key: ConfigurationNode, value: ConfigurationNode)])
    }

    /// How a scalar was written.
    public enum ScalarStyle: Hashable, Sendable {
        /// Without anything around it.
        case plain
        /// In quotes of either kind.
        case quoted
        /// As lines of its own, after `|` or `>`.
        case block
    }

    public var content: Content
    /// The tag written on it in full form ("tag:yaml.org,2002:str"), or nil.
    public var tag: String?
    public var position: TextPosition
    /// Where it stands in the file's bytes, its tag and anchor included.
    public var range: Range<Int>
    /// How many nodes it has, itself included, with aliases followed.
    var weight: Int

    /// The text of a scalar without quotes, with or without a tag.
    public var plainText: String? {
        guard case .scalar(let text, .plain) = content else { return nil }
        return text
    }

    /// Whether it is YAML's null: nothing at all, or one of its names without quotes.
    public var isNull: Bool {
        guard case .scalar(let text, .plain) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// Whether it is text of blanks alone, in quotes or not.
    public var isEmptyText: Bool {
        guard case .scalar(let text, _) = content else { return false }
        return text.utf8.allSatisfy { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
    }

    /// What it is, for messages.
    public var kindName: String {
        switch content {
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// The value of a key of a mapping; of a repeated key the first.
    public subscript(key: String) -> ConfigurationNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { pair in
            if case .scalar(key, _) = pair.key.content { true } else { false }
        }?.value
    }
}

/// A place in a text; both count from 1, columns in characters.
public struct TextPosition: Hashable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Where a text begins.
    public static let start = TextPosition(line: 1, column: 1)
}
