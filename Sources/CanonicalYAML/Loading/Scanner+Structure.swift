/// Simple keys, indentation and flow levels.
extension Scanner {
    /// Notes that a simple key may begin here.
    mutating func saveSimpleKey() throws(LoadError) {
        guard isSimpleKeyAllowed else { return }
        let isRequired = flowLevel == 0 && indentation == reader.mark.column
        try removeSimpleKey()
        isSimpleKeyPossible = true
        simpleKey = SimpleKey(
            isRequired: isRequired, flowLevel: flowLevel, tokenNumber: queue.nextNumber, mark: reader.mark)
    }

    /// Drops the possible simple key of this flow level.
    mutating func removeSimpleKey() throws(LoadError) {
        if simpleKey.isRequired {
            throw failure("while scanning a simple key", from: simpleKey.mark, "could not find expected ':'")
        }
        isSimpleKeyPossible = false
    }

    mutating func increaseFlowLevel() throws(LoadError) {
        flowLevel += 1
        try checkDepth(flowLevel, "while increasing flow level")
        if isSimpleKeyPossible { outerSimpleKeys.append(simpleKey) }
        // The key stays "possible" without a place, as in go-yaml, and so counts as an outer key of the next level where
        // no other key comes between.
        simpleKey = SimpleKey()
    }

    mutating func decreaseFlowLevel() {
        guard flowLevel > 0 else { return }
        flowLevel -= 1
        if let outer = outerSimpleKeys.last, outer.flowLevel == flowLevel {
            outerSimpleKeys.removeLast()
            simpleKey = outer
            isSimpleKeyPossible = true
        }
    }

    /// Whether a block collection begins at a column; if so it is the innermost one from now on.
    mutating func opensBlock(at column: Int) throws(LoadError) -> Bool {
        guard flowLevel == 0, indentation < column else { return false }
        outerIndentations.append(indentation)
        indentation = column
        try checkDepth(outerIndentations.count, "while increasing indent level")
        return true
    }

    /// Ends the block collections that are indented deeper than a column.
    ///
    /// go-yaml moves the end to the front of a comment at the collection's column. Only where the value of an explicit key
    /// is left out, just before such a comment, can its place be told from this one.
    mutating func closeBlocks(to column: Int, at mark: Position) {
        guard flowLevel == 0 else { return }
        while indentation > column {
            queue.append(Token(.blockEnd, at: mark))
            indentation = outerIndentations.popLast() ?? -1
        }
    }

    private func checkDepth(_ depth: Int, _ context: String) throws(LoadError) {
        if depth > Self.maximumDepth {
            throw failure(context, from: simpleKey.mark, "exceeded max depth of \(Self.maximumDepth)")
        }
    }
}
