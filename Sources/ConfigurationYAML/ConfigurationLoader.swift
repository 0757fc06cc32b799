import CYAML

/// Limits on a configuration file, so that no file however made costs more than memory for its own size.
public struct ConfigurationLimits: Sendable {
    /// How deep lists and mappings may nest.
    public var depth = 64
    /// How many nodes all aliases together may stand for.
    public var aliasedNodes = 100_000

    /// The usual limits.
    public init() {}
}

/// What libyaml or a limit has against a text.
public struct ConfigurationSyntaxError: Error {
    public var position: TextPosition
    public var message: String
    public var remedy: String
    /// The line of the construct that it was found in, which may begin long before.
    var firstLine: Int?
    /// The part with a grammar of its own that it was found in.
    var part: ForeignPart?
}

/// Reads the one document of a text; the only user of libyaml.
///
/// It works on events, not on libyaml's documents, which forget whether a tag was written.
public struct ConfigurationLoader: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: [UInt8]
    private let limits: ConfigurationLimits
    private let isForeign: ForeignPart.Rule
    private var offsets: CharacterOffsets
    private var open: [Open] = []

    /// - Parameter isForeign: Which mappings another reader reads by its own grammar.
    /// - Returns: nil when the text has no document: it is empty, or holds comments only.
    static func loadOnce(
        _ bytes: [UInt8], limits: ConfigurationLimits, isForeign: @escaping ForeignPart.Rule
    ) throws(ConfigurationSyntaxError) -> ConfigurationNode? {
        var loader = ConfigurationLoader(bytes, limits: limits, isForeign: isForeign)
        return try loader.document()
    }

    private init(_ bytes: [UInt8], limits: ConfigurationLimits, isForeign: @escaping ForeignPart.Rule) {
        parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(parser) == 1 else { fatalError("libyaml has no memory for a parser") }
        self.bytes = bytes
        self.limits = limits
        self.isForeign = isForeign
        offsets = CharacterOffsets(bytes)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// A list or mapping that is still open.
    private struct Open {
        var isMapping: Bool
        var children: [ConfigurationNode] = []
        var tag: String?
        var anchor: String?
        var position: TextPosition
        var start: Int

        func node(end: Int) -> ConfigurationNode {
            let weight = children.reduce(1) { $0 + $1.weight }
            let content: ConfigurationNode.Content
            if isMapping {
                content = .mapping(
                    stride(from: 0, to: children.count - 1, by: 2).map {
                        (key: children[$0], value: children[$0 + 1])
                    })
            } else {
                content = .sequence(children)
            }
            return ConfigurationNode(
                content: content, tag: tag, position: position, range: start..<max(start, end), weight: weight)
        }

        /// The key whose value is being read, where it is a single word.
        var key: String? {
            guard isMapping, !children.count.isMultiple(of: 2), case .scalar(let key, _)? = children.last?.content
            else { return nil }
            return key
        }
    }

    private mutating func document() throws(ConfigurationSyntaxError) -> ConfigurationNode? {
        let bytes = bytes
        let result: Result<ConfigurationNode?, ConfigurationSyntaxError> = bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            do throws(ConfigurationSyntaxError) { return .success(try compose()) } catch { return .failure(error) }
        }
        do { return try result.get() } catch {
            var error = error
            error.part = foreignPart()
            throw error
        }
    }

    /// The part with a grammar of its own in which reading has come to its end.
    private func foreignPart() -> ForeignPart? {
        var path: [String?] = []
        for level in open {
            if level.isMapping, isForeign(path) {
                return ForeignPart(path: path, position: level.position, start: level.start)
            }
            path.append(level.key)
        }
        return nil
    }

    private mutating func compose() throws(ConfigurationSyntaxError) -> ConfigurationNode? {
        var root: ConfigurationNode?
        var anchors: [String: ConfigurationNode] = [:]
        var aliasedNodes = 0
        var event = yaml_event_t()
        while true {
            guard yaml_parser_parse(parser, &event) == 1 else { throw syntaxError() }
            defer { yaml_event_delete(&event) }
            let position = TextPosition(event.start_mark)
            var finished: (node: ConfigurationNode, anchor: String?)?
            switch event.type {
            case YAML_STREAM_END_EVENT:
                return root
            case YAML_DOCUMENT_START_EVENT where root != nil:
                throw ConfigurationSyntaxError(
                    position: position, message: "a second document begins here", remedy: "keep everything in one")
            case YAML_ALIAS_EVENT:
                let name = String(cText: event.data.alias.anchor) ?? ""
                guard !open.contains(where: { $0.anchor == name }) else {
                    throw ConfigurationSyntaxError(
                        position: position,
                        message: "'*\(name)' stands within what it refers to, which has no end then",
                        remedy: "write out what is meant")
                }
                guard var target = anchors[name] else {
                    throw ConfigurationSyntaxError(
                        position: position, message: "'*\(name)' refers to nothing before it",
                        remedy: "define it with '&\(name)' first")
                }
                aliasedNodes += target.weight
                guard aliasedNodes <= limits.aliasedNodes else {
                    throw ConfigurationSyntaxError(
                        position: position, message: "aliases stand for more than \(limits.aliasedNodes) nodes",
                        remedy: "write out or remove some")
                }
                if case .scalar = target.content {
                    // What is wrong with it here, or stands beside it, is found here.
                    let start = offsets[event.start_mark]
                    (target.position, target.range) = (position, start..<max(start, offsets[event.end_mark]))
                }
                finished = (target, nil)
            case YAML_SCALAR_EVENT:
                let scalar = event.data.scalar
                let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
                let start = offsets[event.start_mark]
                let node = ConfigurationNode(
                    content: .scalar(String(decoding: text, as: UTF8.self), style: .init(scalar.style)),
                    tag: String(cText: scalar.tag), position: position,
                    range: start..<max(start, offsets[event.end_mark]), weight: 1)
                finished = (node, String(cText: scalar.anchor))
            case YAML_SEQUENCE_START_EVENT, YAML_MAPPING_START_EVENT:
                guard open.count < limits.depth else {
                    throw ConfigurationSyntaxError(
                        position: position, message: "lists and mappings nest deeper than \(limits.depth)",
                        remedy: "flatten them")
                }
                let isMapping = event.type == YAML_MAPPING_START_EVENT
                let tag = isMapping ? event.data.mapping_start.tag : event.data.sequence_start.tag
                let anchor = isMapping ? event.data.mapping_start.anchor : event.data.sequence_start.anchor
                open.append(
                    Open(
                        isMapping: isMapping, tag: String(cText: tag), anchor: String(cText: anchor),
                        position: position, start: offsets[event.start_mark]))
            case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
                guard let closed = open.popLast() else { continue }
                finished = (closed.node(end: offsets[event.end_mark]), closed.anchor)
            default:
                break
            }
            guard let (node, anchor) = finished else { continue }
            if let anchor { anchors[anchor] = node }
            if open.isEmpty {
                root = node
            } else {
                open[open.count - 1].children.append(node)
            }
        }
    }

    private func syntaxError() -> ConfigurationSyntaxError {
        let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read"
        var position = TextPosition(parser.pointee.problem_mark)
        var message = problem
        var firstLine: Int?
        if parser.pointee.error == YAML_READER_ERROR {
            // The reader has no marks yet, only an offset in bytes.
            let before = bytes.prefix(Int(clamping: parser.pointee.problem_offset))
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            position = TextPosition(
                line: before.count { $0 == UInt8(ascii: "\n") } + 1, column: before.count - lineStart + 1)
        } else if let context = parser.pointee.context {
            message = "\(String(cString: context)): \(problem)"
            firstLine = TextPosition(parser.pointee.context_mark).line
        }
        return ConfigurationSyntaxError(
            position: position, message: message, remedy: "this is not YAML; correct it", firstLine: firstLine)
    }
}

/// Where characters begin in a text of UTF-8; libyaml counts characters. Asked for places in about the order of the text,
/// it passes over the text once.
private struct CharacterOffsets {
    private let bytes: [UInt8]
    private var index = 0
    private var offset: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // libyaml does not count the mark that a text may begin with.
        offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    subscript(mark: yaml_mark_t) -> Int {
        mutating get {
            let wanted = Int(clamping: mark.index)
            while index < wanted, offset < bytes.count {
                repeat { offset += 1 } while offset < bytes.count && bytes[offset] & 0xC0 == 0x80
                index += 1
            }
            while index > wanted, offset > 0 {
                repeat { offset -= 1 } while offset > 0 && bytes[offset] & 0xC0 == 0x80
                index -= 1
            }
            return offset
        }
    }
}

extension TextPosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(clamping: mark.line) + 1, column: Int(clamping: mark.column) + 1)
    }
}

extension ConfigurationNode.ScalarStyle {
    fileprivate init(_ style: yaml_scalar_style_t) {
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .quoted
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE: self = .block
        default: self = .plain
        }
    }
}

extension String {
    fileprivate init?(cText: UnsafeMutablePointer<yaml_char_t>?) {
        guard let cText else { return nil }
        self = String(cString: UnsafePointer(cText))
    }
}
