/// Why a text is not YAML: the first fault, in the words of go-yaml, because clients compare them.
public struct LoadError: Error, Hashable, Sendable {
    /// The part of the loader that found the fault.
    public enum Stage: String, Hashable, Sendable {
        case reader, scanner, parser, composer, resolver, constructor
    }

    /// The part of the loader that found the fault.
    public var stage: Stage
    /// What was being read, as "while scanning a quoted scalar", and where it began.
    public var context: String?
    /// Where the construct began.
    public var contextPosition: Position?
    /// Where the fault is; nil prints as `<unknown position>`.
    public var position: Position?
    /// What is wrong.
    public var message: String

    /// A fault.
    public init(
        stage: Stage, context: String? = nil, contextPosition: Position? = nil, position: Position? = nil,
        message: String
    ) {
        self.stage = stage
        self.context = context
        self.contextPosition = contextPosition
        self.position = position
        self.message = message
    }
}
