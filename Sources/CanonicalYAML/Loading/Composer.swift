/// Reads the first document of a text. What stands behind it is read only as far as go-yaml does.
///
/// - Parameter start: the place of the first byte, where the bytes are a part of another text.
/// - Returns: the document's root, or nil if there is no document at all, which go-yaml calls `EOF`. A document that is
///   empty is a scalar node.
/// - Throws: the first fault, with go-yaml's text.
public func composeFirstDocument(
    of bytes: [UInt8], startingAt start: Position = .start, limits: LoadLimits = .standard
) throws(LoadError) -> Node? {
    var composer = Composer(bytes, startingAt: start, limits)
    return try composer.composeDocument()
}

/// Turns events into nodes, without recursion, as documents may be tens of thousands of levels deep.
struct Composer {
    private var parser: Parser
    private let limits: LoadLimits
    private var nodeCount = 0
    private var tagBytes = 0
    /// Where the collection ended that ended last.
    private var lastEnd: Position?
    private var anchors: [[UInt8]: Node] = [:]

    init(_ input: [UInt8], startingAt start: Position, _ limits: LoadLimits) {
        parser = Parser(input, startingAt: start)
        self.limits = limits
    }

    mutating func composeDocument() throws(LoadError) -> Node? {
        _ = try parser.next()
        guard case .documentStart = try parser.next().kind else { return nil }
        let root = try composeNode()
        // The document's end, for which the parser looks one token further.
        _ = try parser.next()
        return root
    }

    /// Where the last token of the first collection is; nil if something else comes first.
    mutating func endOfFirstCollection() throws(LoadError) -> Position? {
        _ = try parser.next()
        guard case .documentStart = try parser.next().kind else { return nil }
        _ = try composeNode()
        return lastEnd
    }

    private mutating func composeNode() throws(LoadError) -> Node? {
        var root: Node?
        var open: [Node] = []
        repeat {
            let event = try parser.next()
            switch event.kind {
            case .alias, .scalar, .sequenceStart, .mappingStart:
                let node = try makeNode(event)
                if let parent = open.last { parent.children.append(node) } else { root = node }
                if node.kind == .sequence || node.kind == .mapping { open.append(node) }
            case .sequenceEnd, .mappingEnd:
                _ = open.popLast()
                lastEnd = event.position
            case .streamStart, .streamEnd, .documentStart, .documentEnd:
                return root
            }
        } while !open.isEmpty
        return root
    }

    private mutating func makeNode(_ event: Event) throws(LoadError) -> Node {
        nodeCount += 1
        guard nodeCount <= limits.maximumNodes else { throw .tooManyNodes(limits, at: event.position) }
        let tag = shortTag(event.properties.tag)
        tagBytes += tag.utf8.count
        guard tagBytes <= limits.maximumExpansion else {
            throw .tooMuchExpansion(of: "tags", limits, at: event.position)
        }
        let node = Node(
            kind: event.nodeKind, tag: tag, value: event.value, style: event.style,
            anchor: event.properties.anchor, position: event.position)
        if node.kind == .alias {
            guard let target = anchors[node.value] else {
                let name = String(decoding: node.value, as: UTF8.self)
                throw LoadError(
                    stage: .composer, position: event.position, message: "unknown anchor '\(name)' referenced")
            }
            node.target = target
        }
        // Noted before the children are read, as one of them may mention it. The latest of a name wins.
        if !node.anchor.isEmpty { anchors[node.anchor] = node }
        return node
    }

    private func shortTag(_ tag: [UInt8]) -> String {
        let standardPrefix = "tag:yaml.org,2002:".utf8
        guard tag.starts(with: standardPrefix) else { return String(decoding: tag, as: UTF8.self) }
        return "!!" + String(decoding: tag.dropFirst(standardPrefix.count), as: UTF8.self)
    }
}

extension Event {
    fileprivate var nodeKind: Node.Kind {
        switch kind {
        case .sequenceStart: .sequence
        case .mappingStart: .mapping
        case .alias: .alias
        default: .scalar
        }
    }
}
