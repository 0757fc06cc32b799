/// Makes values of nodes, by go-yaml's rules: what fits what, which keys are one too many, how `<<` merges.
///
/// Faults of single values are collected, so that a client sees them all; a fault of the document itself stops the work.
final class Constructor {
    private let isStrict: Bool
    private let limits: LoadLimits
    private var misfits: [DecodingFailure.Misfit] = []
    /// Duplicate keys are reported for each pair of them, so hostile documents could make millions.
    private static let maximumMisfits = 1000
    /// And each report quotes a key, which may be a good part of the document.
    private static let maximumMisfitBytes = 64 << 10
    private var misfitBytes = 0

    // go-yaml counts the document as the first step.
    private var stepCount = 1
    private var aliasedStepCount = 0
    private var aliasedBytes = 0
    private var aliasDepth = 0
    var depth = 0
    private var openAliases: Set<ObjectIdentifier> = []
    /// The keys that a mapping has already, while others are merged into it.
    var mergedKeys: MergedKeys?
    private var serial = 0

    init(isStrict: Bool, limits: LoadLimits) { (self.isStrict, self.limits) = (isStrict, limits) }

    /// The value of a whole document; nil if it is null where nothing comes of null.
    func construct(document root: Node, as target: Target) throws(DecodingFailure) -> YAMLValue? {
        let value = try construct(root, as: target)
        guard misfits.isEmpty else { throw .misfits(misfits) }
        return value
    }

    /// The value of a node, or nil if there is none: it did not fit, or is a null or a merge tag where those mean nothing.
    func construct(_ node: Node, as target: Target) throws(DecodingFailure) -> YAMLValue? {
        try enter(node)
        defer { depth -= 1 }
        if node.kind == .alias {
            let target = (node: try open(node), type: target)
            defer { close(node) }
            return try construct(target.node, as: target.type)
        }
        if node.kind != .scalar, case .choice(let choice) = target {
            try note(node, "cannot construct \(node.resolvedTag) into \(choice.name) (TextUnmarshaler)")
            return nil
        }
        switch node.kind {
        case .scalar: return try scalar(node, as: target)
        case .sequence: return try sequence(node, as: target)
        case .mapping, .alias: return try mapping(node, as: target)
        }
    }

    // MARK: Steps and aliases

    /// Counts a step, and refuses documents that are mostly aliases: they can be exponentially larger than their text. A step
    /// may itself be long, so the text and the elements that are read through aliases are counted too.
    func enter(_ node: Node) throws(DecodingFailure) {
        depth += 1
        guard depth <= DeepStack.maximumDepth else { throw .tooDeep(limit: DeepStack.maximumDepth) }
        stepCount += 1
        if aliasDepth > 0 {
            aliasedStepCount += 1
            aliasedBytes += node.value.count + LoadLimits.bytesOfElement * node.children.count
            guard aliasedBytes <= limits.maximumExpansion else {
                throw .fault(.tooMuchExpansion(of: "aliases", limits, at: node.position))
            }
        }
        guard aliasedStepCount > 100, stepCount > 1000 else { return }
        let (low, high) = (400_000.0, 4_000_000.0)
        let position = (Double(stepCount) - low) / (high - low)
        let allowed = position <= 0 ? 0.99 : position >= 1 ? 0.10 : 0.99 - 0.89 * position
        if Double(aliasedStepCount) / Double(stepCount) > allowed {
            throw fault("document contains excessive aliasing", at: node)
        }
    }

    func open(_ alias: Node) throws(DecodingFailure) -> Node {
        guard let target = alias.target, openAliases.insert(ObjectIdentifier(alias)).inserted else {
            let message = "anchor '\(String(decodingAsGo: alias.value))' value contains itself"
            throw .fault(LoadError(stage: .composer, position: alias.position, message: message))
        }
        aliasDepth += 1
        return target
    }

    func close(_ alias: Node) {
        aliasDepth -= 1
        openAliases.remove(ObjectIdentifier(alias))
    }

    // MARK: Faults

    func fault(_ message: String, at node: Node) -> DecodingFailure {
        .fault(LoadError(stage: .constructor, position: node.position, message: message))
    }

    private func note(_ node: Node, _ message: String) throws(DecodingFailure) {
        misfits.append(.init(line: node.position.line, message: message))
        misfitBytes += message.utf8.count
        if misfits.count >= Self.maximumMisfits || misfitBytes > Self.maximumMisfitBytes { throw .misfits(misfits) }
    }

    /// Notes that a node is not of the type asked for. Text of more than ten bytes is cut to seven, be it within a
    /// character.
    private func noteMisfit(_ node: Node, _ target: Target) throws(DecodingFailure) {
        let tag = node.resolvedTag
        var text: [UInt8] = node.value
        if tag != StandardTag.sequence && tag != StandardTag.mapping {
            text = Array(" `".utf8) + (text.count > 10 ? text.prefix(7) + Array("...".utf8) : text) + Array("`".utf8)
        }
        try note(node, "cannot construct \(tag)\(String(decodingAsGo: text)) into \(target.typeName)")
    }

    // MARK: Scalars

    private func scalar(_ node: Node, as target: Target) throws(DecodingFailure) -> YAMLValue? {
        let resolved = try resolve(node)
        if resolved.value == .null { return Self.zero(of: target) }
        switch (target, resolved.value) {
        case (.string, .string(let text)): return .string(text)
        case (.choice(let choice), let value):
            let text = resolved.tag == StandardTag.binary ? value.bytes ?? [] : node.value
            if let word = choice.word(for: text) { return .text(word) }
            try note(node, choice.complaint(about: text))
            return nil
        case _ where resolved.tag == StandardTag.merge: return nil
        case (.any, let value): return value
        case (.string, _): return .string(node.value)
        case (.bool, .bool(let flag)): return .bool(flag)
        case (.bool, .string(let text)) where resolved.tag == StandardTag.string:
            if let flag = Self.oldBool(text) { return .bool(flag) }
        case (.unsigned(let bits, _), let value):
            if let number = Self.unsigned(value), bits >= 64 || number < 1 << UInt64(bits) { return .uint(number) }
        default: break
        }
        try noteMisfit(node, target)
        return nil
    }

    private func resolve(_ node: Node) throws(DecodingFailure) -> (tag: String, value: YAMLValue) {
        if node.isIndicatedString { return (StandardTag.string, .string(node.value)) }
        let resolved: ResolvedScalar
        do { resolved = try ResolvedScalar(tag: node.resolvedTag, text: node.value) } catch { throw .fault(error) }
        guard resolved.tag == StandardTag.binary else { return (resolved.tag, resolved.value) }
        guard let bytes = Base64.decode(node.value) else {
            throw fault("!!binary value contains invalid base64 data", at: node)
        }
        return (resolved.tag, .string(bytes))
    }

    /// What null makes of a target: Go's nil where there is one.
    private static func zero(of target: Target) -> YAMLValue? {
        switch target {
        case .any: .null
        case .list: .sequence([])
        case .map: .mapping([])
        case .string, .bool, .unsigned, .choice, .record: nil
        }
    }

    private static func oldBool(_ text: [UInt8]) -> Bool? {
        switch String(decoding: text.prefix(4), as: UTF8.self) {
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": true
        case "n", "N", "no", "No", "NO", "off", "Off", "OFF": false
        default: nil
        }
    }

    private static func unsigned(_ value: YAMLValue) -> UInt64? {
        switch value {
        case .int(let number): UInt64(exactly: number)
        case .uint(let number): number
        case .float(let number): UInt64(exactly: number)
        default: nil
        }
    }

    // MARK: Sequences

    private func sequence(_ node: Node, as target: Target) throws(DecodingFailure) -> YAMLValue? {
        let elementTarget: Target
        switch target {
        case .list(let element): elementTarget = element
        case .any: elementTarget = .any
        default:
            try noteMisfit(node, target)
            return nil
        }
        var elements: [YAMLValue] = []
        elements.reserveCapacity(node.children.count)
        for child in node.children {
            if let element = try construct(child, as: elementTarget) { elements.append(element) }
        }
        return .sequence(elements)
    }

    // MARK: Mappings

    private func mapping(_ node: Node, as target: Target) throws(DecodingFailure) -> YAMLValue? {
        guard try hasUniqueKeys(node) else { return nil }
        switch target {
        case .record(let type):
            let builder = RecordBuilder(type)
            try fill(builder, from: node)
            return builder.value
        case .map, .any:
            var isStringKeyed = true
            if case .any = target { isStringKeyed = node.hasOnlyStringKeys }
            let builder = MapBuilder(isStringKeyed: isStringKeyed, capacity: node.children.count / 2)
            try fill(builder, from: node)
            return builder.value
        default:
            try noteMisfit(node, target)
            return nil
        }
    }

    /// Whether no two keys are written alike, whatever they mean; notes those that are, once for each pair.
    func hasUniqueKeys(_ node: Node) throws(DecodingFailure) -> Bool {
        struct Written: Hashable {
            let kind: Node.Kind
            let text: [UInt8]
        }
        var seen: Set<Written> = []
        seen.reserveCapacity(node.children.count / 2)
        let isUnique = stride(from: 0, to: node.children.count, by: 2).allSatisfy {
            seen.insert(Written(kind: node.children[$0].kind, text: node.children[$0].value)).inserted
        }
        if isUnique { return true }
        var occurrences: [Written: [Int]] = [:]
        for index in stride(from: 0, to: node.children.count, by: 2) {
            let key = node.children[index]
            occurrences[Written(kind: key.kind, text: key.value), default: []].append(index)
        }
        for index in stride(from: 0, to: node.children.count, by: 2) {
            let first = node.children[index]
            let others = occurrences[Written(kind: first.kind, text: first.value)] ?? []
            // Indices ascend, so what stands behind this one is found without looking at the rest.
            for other in others.reversed().prefix(while: { $0 > index }).reversed() {
                let message =
                    "mapping key \(GoSyntax.quoted(first.value)) already defined at line \(first.position.line)"
                try note(node.children[other], message)
            }
        }
        return false
    }

    /// Reads pairs into a struct.
    private func fill(_ builder: RecordBuilder, from node: Node) throws(DecodingFailure) {
        let outer = mergedKeys
        mergedKeys = nil
        var mergeValue: Node?
        var done: Set<Int> = []
        for index in stride(from: 0, to: node.children.count - 1, by: 2) {
            let (key, value) = (node.children[index], node.children[index + 1])
            if key.isMergeKey {
                mergeValue = value
                continue
            }
            guard let name = try construct(key, as: .string)?.bytes else { continue }
            if let outer, !outer.insert(.string(name)) { continue }
            guard let field = builder.type.index(of: name) else {
                if isStrict {
                    try note(key, "field \(String(decodingAsGo: name)) not found in type \(builder.type.name)")
                }
                continue
            }
            guard done.insert(field).inserted else {
                try note(key, "field \(String(decodingAsGo: name)) already set in type \(builder.type.name)")
                continue
            }
            builder.set(field, to: try construct(value, as: builder.type.fields[field].target))
        }
        mergedKeys = outer
        if let mergeValue {
            try merge(mergeValue, of: node) { part throws(DecodingFailure) in try self.fill(builder, from: part) }
        }
    }

    /// Reads pairs into a map.
    private func fill(_ builder: MapBuilder, from node: Node) throws(DecodingFailure) {
        let outer = mergedKeys
        mergedKeys = nil
        var mergeValue: Node?
        for index in stride(from: 0, to: node.children.count - 1, by: 2) {
            let (keyNode, valueNode) = (node.children[index], node.children[index + 1])
            if keyNode.isMergeKey {
                mergeValue = valueNode
                continue
            }
            guard let key = try construct(keyNode, as: builder.isStringKeyed ? .string : .any) else { continue }
            guard let mapKey = nextKey(key) else {
                let written = keyNode.target ?? keyNode
                let isStringKeyed = written.kind == .mapping ? written.hasOnlyStringKeys : nil
                if outer != nil { throw unhashable(key, keyNode) }
                let shown = GoSyntax.literal(key, hasOnlyStringKeys: isStringKeyed)
                throw fault("cannot use '\(shown)' as a map key; try decoding into yaml.Node", at: keyNode)
            }
            if let outer, !outer.insert(mapKey) { continue }
            if let value = try construct(valueNode, as: .any) { builder.set(key, as: mapKey, to: value) }
        }
        mergedKeys = outer
        if let mergeValue {
            try merge(mergeValue, of: node) { part throws(DecodingFailure) in try self.fill(builder, from: part) }
        }
    }

    func nextKey(_ value: YAMLValue) -> MapKey? {
        serial += 1
        return MapKey(value, serial: serial)
    }

    /// Go's complaint when a collection is looked up among the keys that were merged.
    func unhashable(_ key: YAMLValue, _ node: Node) -> DecodingFailure {
        let written = node.target ?? node
        let type = GoSyntax.typeName(key, written.kind == .mapping ? written.hasOnlyStringKeys : nil)
        return fault("runtime error: hash of unhashable type \(type)", at: node)
    }
}
