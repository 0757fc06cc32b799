/// Tokens that are one indicator, and the ends of stream and documents.
extension Scanner {
    mutating func fetchStreamEnd() throws(LoadError) {
        // The end stands on a line of its own.
        if reader.mark.column != 1 { reader.startLine() }
        closeBlocks(to: -1, at: reader.mark)
        try removeSimpleKey()
        simpleKey = SimpleKey()
        outerSimpleKeys = []
        isSimpleKeyAllowed = false
        queue.append(Token(.streamEnd, at: reader.mark))
    }

    mutating func fetchDirective() throws(LoadError) {
        try endDocument()
        queue.append(try scanDirective())
    }

    mutating func fetchDocumentIndicator() throws(LoadError) {
        try endDocument()
        append(reader.current == "-" ? .documentStart : .documentEnd, length: 3)
    }

    private mutating func endDocument() throws(LoadError) {
        closeBlocks(to: -1, at: reader.mark)
        try removeSimpleKey()
        isSimpleKeyAllowed = false
    }

    mutating func fetchFlowStart(_ content: Token.Content) throws(LoadError) {
        try saveSimpleKey()
        try increaseFlowLevel()
        isSimpleKeyAllowed = true
        append(content)
    }

    mutating func fetchFlowEnd(_ content: Token.Content) throws(LoadError) {
        try removeSimpleKey()
        decreaseFlowLevel()
        isSimpleKeyAllowed = false
        append(content)
    }

    mutating func fetchFlowEntry() throws(LoadError) {
        try removeSimpleKey()
        isSimpleKeyAllowed = true
        append(.flowEntry)
    }

    mutating func fetchBlockEntry() throws(LoadError) {
        // In a flow collection it is the parser that objects, as it can tell where the collection began.
        if flowLevel == 0 {
            guard isSimpleKeyAllowed else {
                throw failure("block sequence entries are not allowed in this context")
            }
            try openBlock(.blockSequenceStart)
        }
        try removeSimpleKey()
        isSimpleKeyAllowed = true
        append(.blockEntry)
    }

    mutating func fetchKey() throws(LoadError) {
        if flowLevel == 0 {
            guard isSimpleKeyAllowed else { throw failure("mapping keys are not allowed in this context") }
            try openBlock(.blockMappingStart)
        }
        try removeSimpleKey()
        isSimpleKeyAllowed = flowLevel == 0
        append(.key)
    }

    mutating func fetchValue() throws(LoadError) {
        if isSimpleKeyPossible, let mark = simpleKey.mark, mark.line == reader.mark.line {
            let startsMapping = try opensBlock(at: mark.column)
            queue.insertKey(before: simpleKey.tokenNumber, startingMapping: startsMapping)
            isSimpleKeyPossible = false
            simpleKey.isRequired = false
            isSimpleKeyAllowed = false
        } else {
            if flowLevel == 0 {
                guard isSimpleKeyAllowed else { throw failure("mapping values are not allowed in this context") }
                try openBlock(.blockMappingStart)
            }
            isSimpleKeyAllowed = flowLevel == 0
        }
        append(.value)
    }

    private mutating func openBlock(_ content: Token.Content) throws(LoadError) {
        if try opensBlock(at: reader.mark.column) { queue.append(Token(content, at: reader.mark)) }
    }

    private mutating func append(_ content: Token.Content, length: Int = 1) {
        let start = reader.mark
        reader.skip(length)
        queue.append(Token(content, from: start, to: reader.mark))
    }
}
