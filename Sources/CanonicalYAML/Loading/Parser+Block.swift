/// Collections by indentation.
extension Parser {
    mutating func parseBlockSequenceEntry(isFirst: Bool) throws(LoadError) -> Event {
        if isFirst { try openCollection() }
        let token = try scanner.peek()
        switch token.content {
        case .blockEntry:
            scanner.skip()
            switch try scanner.peek().content {
            case .blockEntry, .blockEnd: return emptyScalar(at: token.end, then: .blockSequenceEntry)
            default: return try parseNode(.block, then: .blockSequenceEntry)
            }
        case .blockEnd:
            return closeCollection(.sequenceEnd, token)
        default:
            throw failure("while parsing a block collection", "did not find expected '-' indicator", at: token)
        }
    }

    /// An entry of a sequence at the column of the key it is the value of. It has no start or end of its own.
    mutating func parseIndentlessSequenceEntry() throws(LoadError) -> Event {
        let token = try scanner.peek()
        guard case .blockEntry = token.content else {
            leave()
            return Event(.sequenceEnd, at: token.start)
        }
        scanner.skip()
        switch try scanner.peek().content {
        case .blockEntry, .key, .value, .blockEnd:
            return emptyScalar(at: token.end, then: .indentlessSequenceEntry)
        default:
            return try parseNode(.block, then: .indentlessSequenceEntry)
        }
    }

    mutating func parseBlockMappingKey(isFirst: Bool) throws(LoadError) -> Event {
        if isFirst { try openCollection() }
        let token = try scanner.peek()
        switch token.content {
        case .key:
            scanner.skip()
            return try parseBlockMappingNode(orEmptyAt: token.end, then: .blockMappingValue)
        case .blockEnd:
            return closeCollection(.mappingEnd, token)
        default:
            throw failure("while parsing a block mapping", "did not find expected key", at: token)
        }
    }

    mutating func parseBlockMappingValue() throws(LoadError) -> Event {
        let token = try scanner.peek()
        guard case .value = token.content else { return emptyScalar(at: token.start, then: .blockMappingKey) }
        scanner.skip()
        return try parseBlockMappingNode(orEmptyAt: token.end, then: .blockMappingKey)
    }

    private mutating func parseBlockMappingNode(
        orEmptyAt position: Position, then next: State
    ) throws(LoadError) -> Event {
        switch try scanner.peek().content {
        case .key, .value, .blockEnd: emptyScalar(at: position, then: next)
        default: try parseNode(.blockOrIndentlessSequence, then: next)
        }
    }
}
