/// How much a document may hold. go-yaml has no such limits; they bound the memory that a small text can claim.
public struct LoadLimits: Hashable, Sendable {
    /// The most nodes a document may be composed of.
    public var maximumNodes: Int
    /// The most bytes that tags have together when their handles are replaced by what they stand for, and the most that aliases
    /// stand for together: the bytes of texts, and ``bytesOfElement`` for each element of a collection.
    public var maximumExpansion: Int

    /// An element of a collection takes at least so many bytes where it is printed, be it one character.
    static let bytesOfElement = 4

    /// Limits that no honest schematic comes near: a node for every fourth byte of a mebibyte of text, and as much behind tags
    /// and aliases as the longest canonical text has.
    public static let standard = LoadLimits(maximumNodes: 262_144)

    /// Limits.
    public init(maximumNodes: Int, maximumExpansion: Int = 16 << 20) {
        self.maximumNodes = maximumNodes
        self.maximumExpansion = maximumExpansion
    }
}

extension LoadError {
    /// The document has more nodes than the limits allow.
    static func tooManyNodes(_ limits: LoadLimits, at position: Position) -> LoadError {
        LoadError(
            stage: .composer, position: position,
            message: "document holds more than \(limits.maximumNodes) nodes; shorten it"
        )
    }

    /// The document's tags, or its aliases, stand for more than the limits allow.
    static func tooMuchExpansion(of what: String, _ limits: LoadLimits, at position: Position) -> LoadError {
        LoadError(
            stage: .composer, position: position,
            message:
                "\(what) of the document stand for more than \(limits.maximumExpansion) bytes; use fewer or shorter ones"
        )
    }
}
