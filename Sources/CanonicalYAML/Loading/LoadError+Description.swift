extension LoadError: CustomStringConvertible {
    /// The text go-yaml gives, as "go-yaml load error in scanner (while scanning a tag) at L1.C3-C5: …".
    public var description: String {
        guard let context else {
            return "go-yaml load error in \(stage.rawValue) at \(Self.place(position)): \(message)"
        }
        return "go-yaml load error in \(stage.rawValue) (\(context)) at \(range): \(message)"
    }

    /// From where the construct began to the fault, without saying twice what both have in common.
    private var range: String {
        let start = Self.place(contextPosition)
        guard contextPosition?.line == position?.line else { return "\(start)-\(Self.place(position))" }
        guard let position, contextPosition?.column != position.column else { return start }
        return "\(start)-C\(position.column)"
    }

    private static func place(_ position: Position?) -> String {
        guard let position else { return "<unknown position>" }
        return "L\(position.line).C\(position.column)"
    }
}
