/// What `<<` makes of a mapping.
extension Constructor {
    /// Merges the value of a `<<` key: what the mapping has already stays, then the first of several mappings wins.
    func merge(
        _ value: Node, of parent: Node, fill: (Node) throws(DecodingFailure) -> Void
    ) throws(DecodingFailure) {
        let outer = mergedKeys
        if outer == nil {
            // The keys are read once more, as whatever they look like: beside a key `1`, a merged "1" is a new one.
            let own = MergedKeys()
            mergedKeys = own
            for index in stride(from: 0, to: parent.children.count, by: 2) {
                guard let key = try construct(parent.children[index], as: .any) else { continue }
                guard let mapKey = nextKey(key) else { throw unhashable(key, parent.children[index]) }
                _ = own.insert(mapKey)
            }
        }
        switch value.kind {
        case .mapping, .alias: try mergePart(value, fill)
        case .sequence: for part in value.children { try mergePart(part, fill) }
        case .scalar: throw notMergeable(value)
        }
        mergedKeys = outer
    }

    private func mergePart(
        _ part: Node, _ fill: (Node) throws(DecodingFailure) -> Void
    ) throws(DecodingFailure) {
        let mapping = part.kind == .alias ? part.target : part
        guard let mapping, mapping.kind == .mapping else { throw notMergeable(mapping ?? part) }
        try enter(part)
        defer { depth -= 1 }
        if part.kind == .alias {
            _ = try open(part)
            defer { close(part) }
            try enter(mapping)
            defer { depth -= 1 }
            if try hasUniqueKeys(mapping) { try fill(mapping) }
        } else if try hasUniqueKeys(mapping) {
            try fill(mapping)
        }
    }

    private func notMergeable(_ node: Node) -> DecodingFailure {
        fault("map merge requires map or sequence of maps as the value", at: node)
    }
}
