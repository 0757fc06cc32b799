/// Collections in brackets and braces.
extension Parser {
    mutating func parseFlowSequenceEntry(isFirst: Bool) throws(LoadError) -> Event {
        if isFirst { try openCollection() }
        var token = try scanner.peek()
        if case .flowSequenceEnd = token.content { return closeCollection(.sequenceEnd, token) }
        if !isFirst {
            guard case .flowEntry = token.content else {
                throw failure("while parsing a flow sequence", "did not find expected ',' or ']'", at: token)
            }
            scanner.skip()
            token = try scanner.peek()
        }
        switch token.content {
        case .key:
            // A pair in a sequence is a mapping of its own.
            state = .flowPairKey
            scanner.skip()
            return Event(.mappingStart, at: token.start)
        case .flowSequenceEnd:
            return closeCollection(.sequenceEnd, token)
        default:
            return try parseNode(.flow, then: .flowSequenceEntry)
        }
    }

    mutating func parseFlowPairKey() throws(LoadError) -> Event {
        let token = try scanner.peek()
        switch token.content {
        case .value, .flowEntry, .flowSequenceEnd:
            // The token is passed, as in go-yaml, even though it is what the next state looks for: an explicit key
            // without text is an error a little further on.
            scanner.skip()
            return emptyScalar(at: token.end, then: .flowPairValue)
        default:
            return try parseNode(.flow, then: .flowPairValue)
        }
    }

    mutating func parseFlowPairValue() throws(LoadError) -> Event {
        let token = try scanner.peek()
        guard case .value = token.content else { return emptyScalar(at: token.start, then: .flowPairEnd) }
        scanner.skip()
        switch try scanner.peek().content {
        case .flowEntry, .flowSequenceEnd: return emptyScalar(at: token.start, then: .flowPairEnd)
        default: return try parseNode(.flow, then: .flowPairEnd)
        }
    }

    mutating func parseFlowPairEnd() throws(LoadError) -> Event {
        state = .flowSequenceEntry
        return Event(.mappingEnd, at: try scanner.peek().start)
    }

    mutating func parseFlowMappingKey(isFirst: Bool) throws(LoadError) -> Event {
        if isFirst { try openCollection() }
        var token = try scanner.peek()
        if case .flowMappingEnd = token.content { return closeCollection(.mappingEnd, token) }
        if !isFirst {
            guard case .flowEntry = token.content else {
                throw failure("while parsing a flow mapping", "did not find expected ',' or '}'", at: token)
            }
            scanner.skip()
            token = try scanner.peek()
        }
        switch token.content {
        case .key:
            scanner.skip()
            return try parseFlowMappingNode(then: .flowMappingValue, endingWithValue: true)
        case .flowMappingEnd:
            return closeCollection(.mappingEnd, token)
        default:
            return try parseNode(.flow, then: .flowMappingEmptyValue)
        }
    }

    mutating func parseFlowMappingValue() throws(LoadError) -> Event {
        let token = try scanner.peek()
        guard case .value = token.content else { return emptyScalar(at: token.start, then: .flowMappingKey) }
        scanner.skip()
        return try parseFlowMappingNode(then: .flowMappingKey, endingWithValue: false)
    }

    mutating func parseFlowMappingEmptyValue() throws(LoadError) -> Event {
        emptyScalar(at: try scanner.peek().start, then: .flowMappingKey)
    }

    private mutating func parseFlowMappingNode(
        then next: State, endingWithValue: Bool
    ) throws(LoadError) -> Event {
        let token = try scanner.peek()
        switch token.content {
        case .flowEntry, .flowMappingEnd: return emptyScalar(at: token.start, then: next)
        case .value where endingWithValue: return emptyScalar(at: token.start, then: next)
        default: return try parseNode(.flow, then: next)
        }
    }
}
