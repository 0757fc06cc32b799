/// How much a document may hold. go-yaml has no such limits; they bound the memory that a small text can claim.
public struct LoadLimits: Hashable, Sendable {
    /// The most nodes a document may be composed of.
    public var maximumNodes: Int

    /// Limits that no honest schematic comes near: a node for every fourth byte of a mebibyte of text.
    public static let standard = LoadLimits(maximumNodes: 262_144)

    /// Limits.
    public init(maximumNodes: Int) {
        self.maximumNodes = maximumNodes
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
}
