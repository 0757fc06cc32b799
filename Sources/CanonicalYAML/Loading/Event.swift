/// A step through a document's tree: a leaf, or a collection's beginning or end.
struct Event {
    enum Kind {
        case streamStart, streamEnd
        case documentStart, documentEnd
        case alias
        case scalar
        case sequenceStart, sequenceEnd
        case mappingStart, mappingEnd
    }

    var kind: Kind
    var position: Position
    var properties = NodeProperties()
    /// A scalar's text, or an alias' name.
    var value: [UInt8] = []
    var style: Node.Style = .plain

    init(_ kind: Kind, at position: Position) {
        self.kind = kind
        self.position = position
    }
}

/// What may be written before a node.
struct NodeProperties {
    var anchor: [UInt8] = []
    /// The tag in long form.
    var tag: [UInt8] = []

    var isEmpty: Bool { anchor.isEmpty && tag.isEmpty }
}
