/// Characters that look like what YAML is written with, and are none of it. Word processors, web pages and keyboards put them
/// where people mean quotes and spaces, and to YAML they are letters like any other.
public enum LookAlike: Hashable, Sendable {
    case doubleQuote, singleQuote, space, nothing, lineBreak, hyphen, punctuation

    init?(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x201C...0x201F, 0x00AB, 0x00BB, 0x2033, 0x2036, 0x300C...0x300F, 0xFF02: self = .doubleQuote
        case 0x2018...0x201B, 0x2032, 0x2035, 0x00B4, 0xFF07: self = .singleQuote
        case 0x00A0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: self = .space
        case 0x00AD, 0x200B...0x200F, 0x202A...0x202E, 0x2060...0x2064, 0x2066...0x206F, 0xFEFF: self = .nothing
        case 0x0085, 0x2028, 0x2029: self = .lineBreak
        case 0x2010...0x2015, 0x2212, 0xFF0D: self = .hyphen
        case 0xFF0C, 0xFF1A, 0xFF3B, 0xFF3D, 0xFF5B, 0xFF5D: self = .punctuation
        default: return nil
        }
    }

    /// Whether one sees that something is there.
    var isVisible: Bool { ![.nothing, .space, .lineBreak].contains(self) }

    /// What it is, for messages.
    var nature: String {
        switch self {
        case .doubleQuote, .singleQuote: "a typographic quotation mark, which quotes nothing"
        case .space: "a space that separates nothing"
        case .nothing: "not visible, and a letter all the same"
        case .lineBreak: "a line break that editors do not show"
        case .hyphen: "a dash, and not the hyphen '-'"
        case .punctuation: "not the ASCII character that it looks like"
        }
    }

    public var remedy: String {
        switch self {
        case .doubleQuote: "write a straight \""
        case .singleQuote: "write a straight '"
        case .space: "write a plain space"
        case .nothing: "remove it"
        case .lineBreak: "write an ordinary line break, or remove it"
        case .hyphen: "write a plain '-'"
        case .punctuation: "write the ASCII character"
        }
    }
}

/// The look-alikes of a text, with their places.
public struct LookAlikes {
    /// One of them, and where it stands.
    public struct Occurrence {
        public var kind: LookAlike
        var scalar: Unicode.Scalar
        public var position: TextPosition
        var offset: Int

        public var message: String {
            let digits = String(scalar.value, radix: 16, uppercase: true)
            let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
            return (kind.isVisible ? "'\(scalar)' (\(code))" : code) + " is \(kind.nature)"
        }
    }

    /// So many are looked at. A text in which more stand is written in a language that uses them.
    private static let limit = 10_000

    private(set) var occurrences: [Occurrence] = []

    /// Those of a text.
    public init(in bytes: [UInt8]) {
        guard bytes.contains(where: { $0 >= 0x80 }) else { return }
        var position = TextPosition.start
        var offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while offset < bytes.count, occurrences.count < Self.limit {
            let byte = bytes[offset]
            var length = 1
            var isBreak = false
            if byte < 0x80 {
                let isPair = byte == 0x0D && offset + 1 < bytes.count && bytes[offset + 1] == 0x0A
                isBreak = byte == 0x0A || byte == 0x0D
                if isPair { length = 2 }
            } else {
                while offset + length < bytes.count, length < 4, bytes[offset + length] & 0xC0 == 0x80 { length += 1 }
                var decoder = UTF8()
                var iterator = bytes[offset..<offset + length].makeIterator()
                if case .scalarValue(let scalar) = decoder.decode(&iterator), let kind = LookAlike(scalar) {
                    occurrences.append(
                        Occurrence(kind: kind, scalar: scalar, position: position, offset: offset))
                    isBreak = kind == .lineBreak
                }
            }
            offset += length
            position =
                isBreak
                ? TextPosition(line: position.line + 1, column: 1)
                : TextPosition(line: position.line, column: position.column + 1)
        }
    }

    /// Those that may be why a text is no YAML: on the lines of the fault, and invisible ones shortly before.
    func near(_ error: ConfigurationSyntaxError) -> some Sequence<Occurrence> {
        let last = error.position.line
        let first = min(error.firstLine ?? last, last)
        return occurrences.lazy.filter { occurrence in
            let line = occurrence.position.line
            return line <= last && line >= (occurrence.kind.isVisible ? first : first - 3)
        }.prefix(3)
    }

    /// Those of them that change what the file says, one for each word: they stand in words without quotes, or are quotes
    /// that do not quote. In quotes somebody means them, in comments nobody reads them; a line break counts everywhere.
    ///
    /// - Parameter isOfOtherReader: Which mappings hold text that another reader takes as it is written; within quotes it
    ///   is left alone.
    public func misleading(in root: ConfigurationNode, isForeign: ForeignPart.Rule = { _ in false }) -> [Occurrence] {
        guard !occurrences.isEmpty else { return [] }
        var words: [Word] = []
        Self.collect(root, path: [], isForeign: isForeign, isInForeign: false, into: &words)
        words.sort { $0.range.lowerBound < $1.range.lowerBound }
        var found: [Occurrence] = []
        var next = 0
        var lastWord: Int?
        for occurrence in occurrences {
            while next < words.count, words[next].range.upperBound <= occurrence.offset { next += 1 }
            guard next < words.count, words[next].range.contains(occurrence.offset) else {
                // libyaml passes over a mark that begins a line, and counts it as indentation.
                let isMark = occurrence.scalar == "\u{FEFF}" && occurrence.position.column == 1
                if occurrence.kind == .lineBreak || isMark { found.append(occurrence) }
                continue
            }
            guard lastWord != next, words[next].isMisled(by: occurrence) else { continue }
            found.append(occurrence)
            lastWord = next
        }
        return found
    }

    /// A scalar of the text.
    private struct Word {
        var range: Range<Int>
        var style: ConfigurationNode.ScalarStyle
        var isForPeople: Bool
        var isForeign: Bool

        func isMisled(by occurrence: Occurrence) -> Bool {
            let isFirst = occurrence.offset == range.lowerBound
            switch (style, occurrence.kind) {
            case (.block, _): return false
            case (.quoted, .space), (.quoted, .nothing), (.quoted, .lineBreak): return !isForeign && !isForPeople
            case (.quoted, _): return false
            case (.plain, .space), (.plain, .nothing), (.plain, .lineBreak): return true
            case (.plain, .doubleQuote): return isFirst || !isForPeople
            case (.plain, .singleQuote), (.plain, .hyphen): return isFirst
            case (.plain, .punctuation): return !isForPeople
            }
        }
    }

    // The loader bounds how deep nodes nest, and all aliases together.
    private static func collect(
        _ node: ConfigurationNode, path: [String?], isForeign: ForeignPart.Rule, isInForeign: Bool,
        into words: inout [Word]
    ) {
        switch node.content {
        case .scalar(_, let style):
            words.append(
                Word(
                    range: node.range, style: style, isForPeople: path.last == "name" && !isInForeign,
                    isForeign: isInForeign))
        case .sequence(let items):
            for item in items {
                collect(item, path: path + [nil], isForeign: isForeign, isInForeign: isInForeign, into: &words)
            }
        case .mapping(let pairs):
            let isInForeign = isInForeign || isForeign(path)
            for (key, value) in pairs {
                var name: String?
                if case .scalar(let text, _) = key.content { name = text }
                collect(key, path: path + [nil], isForeign: isForeign, isInForeign: isInForeign, into: &words)
                collect(value, path: path + [name], isForeign: isForeign, isInForeign: isInForeign, into: &words)
            }
        }
    }
}
