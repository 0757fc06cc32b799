/// `value` as a YAML document in the form of go-yaml's "v3" settings, the form that gives a schematic its ID: indentation
/// by four, no document markers, one line feed at the end.
///
/// - Parameter width: breaks lines at a blank once they are longer than this; nil never breaks them.
public func emit(_ value: YAMLValue, foldingAt width: Int? = nil) -> [UInt8] {
    var emitter = Emitter(width: width ?? .max)
    emitter.document(value, sizeLimit: .max)
    return emitter.output
}

/// As `emit(_:foldingAt:)`, giving up with nil once the text is longer than `sizeLimit` bytes by more than one scalar.
///
/// Indentation makes the text of a deeply nested value longer by the square of its depth, so whoever emits what a stranger
/// sent needs a limit.
public func emit(_ value: YAMLValue, foldingAt width: Int? = nil, sizeLimit: Int) -> [UInt8]? {
    var emitter = Emitter(width: width ?? .max)
    emitter.document(value, sizeLimit: sizeLimit)
    return emitter.output.count > sizeLimit ? nil : emitter.output
}

/// Prints values with libyaml's rules, as go-yaml has them: where a space or a line break goes follows from the column and
/// from two flags about what was written last, and nothing else reproduces every odd case of it.
///
/// Works through nested collections with a stack of its own, so that depth costs no stack of the thread.
struct Emitter {
    static let bestIndent = 4

    private(set) var output: [UInt8] = []
    let width: Int
    /// The column in characters, from 0.
    private(set) var column = 0
    /// Whether the last character was white space, or nothing was written yet.
    var isAfterWhitespace = true
    /// Whether only indentation and indicators were written on this line.
    var isInIndentation = true
    /// The indentation in force; nil outside the root.
    var indent: Int?

    init(width: Int) { self.width = width }

    /// A collection that is being printed.
    private struct Frame {
        enum Content {
            case sequence([YAMLValue])
            case mapping([YAMLValue.Pair])
        }

        let content: Content
        /// The indentation around the collection.
        let outerIndent: Int?
        var index = 0
        /// In a mapping, whether a key was printed and its value is next, and whether the key fits before its colon.
        var keyIsSimple: Bool?
    }

    mutating func document(_ value: YAMLValue, sizeLimit: Int) {
        var frames: [Frame] = []
        begin(value, inSequence: false, asSimpleKey: false, &frames)
        while let frame = frames.last, output.count <= sizeLimit {
            let last = frames.count - 1
            switch frame.content {
            case .sequence(let elements):
                guard frame.index < elements.count else {
                    indent = frames.removeLast().outerIndent
                    continue
                }
                frames[last].index += 1
                writeIndent()
                writeIndicator("-", needsSpace: true, keepsIndentation: true)
                begin(elements[frame.index], inSequence: true, asSimpleKey: false, &frames)
            case .mapping(let pairs):
                guard frame.index < pairs.count else {
                    indent = frames.removeLast().outerIndent
                    continue
                }
                if let isSimple = frame.keyIsSimple {
                    frames[last].keyIsSimple = nil
                    frames[last].index += 1
                    if isSimple {
                        writeIndicator(":")
                    } else {
                        writeIndent()
                        writeIndicator(":", needsSpace: true, keepsIndentation: true)
                    }
                    begin(pairs[frame.index].value, inSequence: false, asSimpleKey: false, &frames)
                } else {
                    let key = pairs[frame.index].key
                    let isSimple = Self.isSimpleKey(key)
                    frames[last].keyIsSimple = isSimple
                    writeIndent()
                    if !isSimple { writeIndicator("?", needsSpace: true, keepsIndentation: true) }
                    begin(key, inSequence: false, asSimpleKey: isSimple, &frames)
                }
            }
        }
        writeIndent()
    }

    /// Prints a scalar or an empty collection, or opens a collection.
    private mutating func begin(
        _ value: YAMLValue, inSequence: Bool, asSimpleKey: Bool, _ frames: inout [Frame]
    ) {
        switch value {
        case .sequence(let elements) where elements.isEmpty:
            writeIndicator("[]", needsSpace: true)
        case .mapping(let pairs) where pairs.isEmpty:
            writeIndicator("{}", needsSpace: true)
        case .sequence(let elements):
            frames.append(Frame(content: .sequence(elements), outerIndent: indent))
            indent = deeperIndent(inSequence: inSequence) ?? 0
        case .mapping(let pairs):
            frames.append(Frame(content: .mapping(pairs), outerIndent: indent))
            indent = deeperIndent(inSequence: inSequence) ?? 0
        default:
            let outer = indent
            indent = deeperIndent(inSequence: inSequence) ?? Self.bestIndent
            writeScalar(ScalarPresentation(value), asSimpleKey: asSimpleKey)
            indent = outer
        }
    }

    /// The indentation one level down: behind the dash in a sequence, else the next multiple of four; nil at the root.
    private func deeperIndent(inSequence: Bool) -> Int? {
        guard let indent else { return nil }
        return inSequence ? indent + 2 : (indent / Self.bestIndent + 1) * Self.bestIndent
    }

    /// Whether a key goes on one line with its colon, without the `?`.
    private static func isSimpleKey(_ key: YAMLValue) -> Bool {
        switch key {
        case .sequence(let elements): return elements.isEmpty
        case .mapping(let pairs): return pairs.isEmpty
        default:
            let presentation = ScalarPresentation(key)
            let tagLength = presentation.tagSuffix.map { 2 + $0.utf8.count } ?? 0
            guard tagLength + presentation.text.count <= 128 else { return false }
            return !GoRunes(presentation.text).contains { EmitterCharacter.isBreak($0.scalar) }
        }
    }

    // MARK: Characters

    /// Goes to the indentation in force, on a new line unless this one has room before it.
    mutating func writeIndent() {
        let indent = indent ?? 0
        if !isInIndentation || column > indent || column == indent && !isAfterWhitespace { putLineBreak() }
        if column < indent {
            output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indent - column))
            column = indent
        }
        isAfterWhitespace = true
    }

    mutating func writeIndicator(
        _ indicator: StaticString, needsSpace: Bool = false, keepsIndentation: Bool = false
    ) {
        if needsSpace { separate() }
        indicator.withUTF8Buffer { output.append(contentsOf: $0) }
        column += indicator.utf8CodeUnitCount
        isAfterWhitespace = false
        isInIndentation = isInIndentation && keepsIndentation
    }

    /// Writes a space unless there is one.
    mutating func separate() { if !isAfterWhitespace { put(" ") } }

    mutating func put(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            output.append(UInt8(truncatingIfNeeded: scalar.value))
        } else if let bytes = UTF8.encode(scalar) {
            output.append(contentsOf: bytes)
        }
        column += 1
    }

    mutating func putLineBreak() {
        output.append(UInt8(ascii: "\n"))
        column = 0
        isInIndentation = true
    }

    /// Copies a line break of the text.
    mutating func writeBreak(_ scalar: Unicode.Scalar) {
        guard scalar != "\n" else { return putLineBreak() }
        put(scalar)
        column = 0
        isInIndentation = true
    }
}
