/// Turns tokens into events: YAML's grammar, one state for each place in a production.
struct Parser {
    enum State {
        case streamStart
        case implicitDocumentStart, documentStart, documentContent, documentEnd
        case blockNode
        case blockSequenceFirstEntry, blockSequenceEntry, indentlessSequenceEntry
        case blockMappingFirstKey, blockMappingKey, blockMappingValue
        case flowSequenceFirstEntry, flowSequenceEntry
        case flowPairKey, flowPairValue, flowPairEnd
        case flowMappingFirstKey, flowMappingKey, flowMappingValue, flowMappingEmptyValue
        case end
    }

    var scanner: Scanner
    var state = State.streamStart
    /// The states to go back to, one for each open node.
    private var outerStates: [State] = []
    /// Where the open collections began.
    private var starts: [Position] = []
    /// What the document's tag handles stand for.
    private var tagPrefixes: [[UInt8]: [UInt8]] = [:]

    init(_ input: [UInt8], startingAt start: Position) {
        scanner = Scanner(input, startingAt: start)
    }

    /// The next event; after the last one, the stream's end again.
    mutating func next() throws(LoadError) -> Event {
        switch state {
        case .streamStart: try parseStreamStart()
        case .implicitDocumentStart: try parseDocumentStart(mayBeImplicit: true)
        case .documentStart: try parseDocumentStart(mayBeImplicit: false)
        case .documentContent: try parseDocumentContent()
        case .documentEnd: try parseDocumentEnd()
        case .blockNode: try parseNode(.block)
        case .blockSequenceFirstEntry: try parseBlockSequenceEntry(isFirst: true)
        case .blockSequenceEntry: try parseBlockSequenceEntry(isFirst: false)
        case .indentlessSequenceEntry: try parseIndentlessSequenceEntry()
        case .blockMappingFirstKey: try parseBlockMappingKey(isFirst: true)
        case .blockMappingKey: try parseBlockMappingKey(isFirst: false)
        case .blockMappingValue: try parseBlockMappingValue()
        case .flowSequenceFirstEntry: try parseFlowSequenceEntry(isFirst: true)
        case .flowSequenceEntry: try parseFlowSequenceEntry(isFirst: false)
        case .flowPairKey: try parseFlowPairKey()
        case .flowPairValue: try parseFlowPairValue()
        case .flowPairEnd: try parseFlowPairEnd()
        case .flowMappingFirstKey: try parseFlowMappingKey(isFirst: true)
        case .flowMappingKey: try parseFlowMappingKey(isFirst: false)
        case .flowMappingValue: try parseFlowMappingValue()
        case .flowMappingEmptyValue: try parseFlowMappingEmptyValue()
        case .end: Event(.streamEnd, at: try scanner.peek().start)
        }
    }

    private mutating func parseStreamStart() throws(LoadError) -> Event {
        let token = try scanner.peek()
        state = .implicitDocumentStart
        scanner.skip()
        return Event(.streamStart, at: token.start)
    }
}

/// Documents and their directives.
extension Parser {
    private mutating func parseDocumentStart(mayBeImplicit: Bool) throws(LoadError) -> Event {
        var token = try scanner.peek()
        while case .documentEnd = token.content {
            scanner.skip()
            token = try scanner.peek()
        }
        switch token.content {
        case .streamEnd:
            state = .end
            return Event(.streamEnd, at: token.start)
        case .versionDirective, .tagDirective, .documentStart:
            return try parseExplicitDocumentStart()
        default:
            guard mayBeImplicit else { return try parseExplicitDocumentStart() }
            try processDirectives()
            outerStates.append(.documentEnd)
            state = .blockNode
            return Event(.documentStart, at: token.start)
        }
    }

    private mutating func parseExplicitDocumentStart() throws(LoadError) -> Event {
        let start = try scanner.peek().start
        try processDirectives()
        let token = try scanner.peek()
        guard case .documentStart = token.content else {
            throw LoadError(
                stage: .parser, position: token.start, message: "did not find expected <document start>")
        }
        outerStates.append(.documentEnd)
        state = .documentContent
        scanner.skip()
        return Event(.documentStart, at: start)
    }

    private mutating func parseDocumentContent() throws(LoadError) -> Event {
        let token = try scanner.peek()
        switch token.content {
        case .versionDirective, .tagDirective, .documentStart, .documentEnd, .streamEnd:
            leave()
            return emptyScalar(at: token.start)
        default:
            return try parseNode(.block)
        }
    }

    private mutating func parseDocumentEnd() throws(LoadError) -> Event {
        let token = try scanner.peek()
        if case .documentEnd = token.content { scanner.skip() }
        tagPrefixes = [:]
        state = .documentStart
        return Event(.documentEnd, at: token.start)
    }

    private mutating func processDirectives() throws(LoadError) {
        func failure(_ message: String, at token: Token) -> LoadError {
            LoadError(stage: .parser, position: token.start, message: message)
        }
        var hasVersion = false
        directives: while true {
            let token = try scanner.peek()
            switch token.content {
            case .versionDirective(let major, let minor):
                if hasVersion { throw failure("found duplicate %YAML directive", at: token) }
                guard major == 1, minor == 1 else { throw failure("found incompatible YAML document", at: token) }
                hasVersion = true
            case .tagDirective(let directive):
                guard tagPrefixes.updateValue(directive.prefix, forKey: directive.handle) == nil else {
                    throw failure("found duplicate %TAG directive", at: token)
                }
            default:
                break directives
            }
            scanner.skip()
        }
        // A document may give the common handles another meaning.
        let common = [Array("!".utf8): Array("!".utf8), Array("!!".utf8): Array("tag:yaml.org,2002:".utf8)]
        tagPrefixes.merge(common) { own, _ in own }
    }
}

/// Nodes.
extension Parser {
    /// What may stand where a node is expected.
    enum NodeContext {
        case block
        /// A block node, or a sequence that is not indented deeper than its key.
        case blockOrIndentlessSequence
        case flow
    }

    mutating func parseNode(_ context: NodeContext) throws(LoadError) -> Event {
        let first = try scanner.peek()
        if case .alias(let name) = first.content {
            leave()
            scanner.skip()
            var event = Event(.alias, at: first.start)
            event.value = name
            return event
        }
        let properties = try parseProperties()
        let token = try scanner.peek()
        switch (token.content, context) {
        case (.blockEntry, .blockOrIndentlessSequence):
            return enter(.sequenceStart, .indentlessSequenceEntry, first.start, properties)
        case (.scalar(let value, let style), _):
            leave()
            scanner.skip()
            var event = Event(.scalar, at: first.start)
            event.properties = properties
            event.value = value
            event.style = style
            return event
        case (.flowSequenceStart, _):
            return enter(.sequenceStart, .flowSequenceFirstEntry, first.start, properties)
        case (.flowMappingStart, _):
            return enter(.mappingStart, .flowMappingFirstKey, first.start, properties)
        case (.blockSequenceStart, .block), (.blockSequenceStart, .blockOrIndentlessSequence):
            return enter(.sequenceStart, .blockSequenceFirstEntry, first.start, properties)
        case (.blockMappingStart, .block), (.blockMappingStart, .blockOrIndentlessSequence):
            return enter(.mappingStart, .blockMappingFirstKey, first.start, properties)
        default:
            guard properties.isEmpty else {
                leave()
                return emptyScalar(at: first.start, properties)
            }
            let place = if case .flow = context { "flow" } else { "block" }
            throw LoadError(
                stage: .parser, context: "while parsing a \(place) node", contextPosition: first.start,
                position: token.start, message: "did not find expected node content")
        }
    }

    /// An anchor and a tag, in either order, either or both left out.
    private mutating func parseProperties() throws(LoadError) -> NodeProperties {
        var properties = NodeProperties()
        let start = try scanner.peek().start
        var tag: (handle: [UInt8], suffix: [UInt8], mark: Position)?
        properties: while true {
            let token = try scanner.peek()
            switch token.content {
            case .anchor(let name) where properties.anchor.isEmpty: properties.anchor = name
            case .tag(let handle, let suffix) where tag == nil: tag = (handle, suffix, token.start)
            default: break properties
            }
            scanner.skip()
        }
        guard let tag else { return properties }
        if tag.handle.isEmpty {
            properties.tag = tag.suffix
        } else if let prefix = tagPrefixes[tag.handle] {
            properties.tag = prefix + tag.suffix
        } else {
            throw LoadError(
                stage: .parser, context: "while parsing a node", contextPosition: start, position: tag.mark,
                message: "found undefined tag handle")
        }
        return properties
    }

    private mutating func enter(
        _ kind: Event.Kind, _ next: State, _ start: Position, _ properties: NodeProperties
    ) -> Event {
        state = next
        var event = Event(kind, at: start)
        event.properties = properties
        return event
    }

    /// A node that is not written, and so null.
    func emptyScalar(at position: Position, _ properties: NodeProperties = NodeProperties()) -> Event {
        var event = Event(.scalar, at: position)
        event.properties = properties
        return event
    }

    /// A node, after which `next` is the state.
    mutating func parseNode(_ context: NodeContext, then next: State) throws(LoadError) -> Event {
        outerStates.append(next)
        return try parseNode(context)
    }

    /// A node that is not written, after which `next` is the state.
    mutating func emptyScalar(at position: Position, then next: State) -> Event {
        state = next
        return emptyScalar(at: position)
    }

    /// Goes back to what the node that ends here is part of.
    mutating func leave() {
        state = outerStates.popLast() ?? .end
    }

    /// Passes the token a collection begins with.
    mutating func openCollection() throws(LoadError) {
        starts.append(try scanner.peek().start)
        scanner.skip()
    }

    /// Ends a collection with its last token.
    mutating func closeCollection(_ kind: Event.Kind, _ token: Token) -> Event {
        leave()
        _ = starts.popLast()
        scanner.skip()
        return Event(kind, at: token.start)
    }

    /// A fault at a token, in the innermost collection.
    func failure(_ context: String, _ message: String, at token: Token) -> LoadError {
        LoadError(
            stage: .parser, context: context, contextPosition: starts.last, position: token.start,
            message: message)
    }
}
