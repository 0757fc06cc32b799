/// What the scanner finds in a text: an indicator, a word, or the change of indentation that stands for a bracket.
struct Token {
    enum Content {
        case streamStart, streamEnd
        case versionDirective(major: Int, minor: Int)
        case tagDirective(TagDirective)
        case documentStart, documentEnd
        case blockSequenceStart, blockMappingStart, blockEnd
        case flowSequenceStart, flowSequenceEnd, flowMappingStart, flowMappingEnd
        case blockEntry, flowEntry
        case key, value
        case alias([UInt8])
        case anchor([UInt8])
        /// A tag as written; an empty handle means that the suffix is the whole tag.
        case tag(handle: [UInt8], suffix: [UInt8])
        case scalar([UInt8], Node.Style)
    }

    var content: Content
    var start: Position
    var end: Position

    /// A token that takes room in the text.
    init(_ content: Content, from start: Position, to end: Position) {
        self.content = content
        self.start = start
        self.end = end
    }

    /// A token that takes none.
    init(_ content: Content, at mark: Position) {
        self.init(content, from: mark, to: mark)
    }
}

/// What a tag's handle stands for.
struct TagDirective {
    var handle: [UInt8]
    var prefix: [UInt8]
}

/// The tokens that were scanned and not yet parsed.
///
/// A simple key is only known by its `:`, when the key's own tokens are already here. Then a key token, and perhaps a
/// mapping's start, go before them. They are kept as notes on the key's first token, as moving the others along would take
/// quadratic time in nested keys.
struct TokenQueue {
    private struct Entry {
        var token: Token
        var startsMapping = false
        var isKey = false
    }

    private var entries: [Entry] = []
    private var head = 0
    /// How many tokens were ever taken out, not counting notes: the number of the next one.
    private(set) var headNumber = 0
    /// How many tokens the parser has before it.
    private(set) var count = 0
    /// The token that was added last, even if it was parsed since.
    private(set) var last: Token.Content?

    /// The number the next token to be added will have.
    var nextNumber: Int { headNumber + entries.count - head }

    /// The next token.
    var first: Token? {
        guard head < entries.count else { return nil }
        let entry = entries[head]
        if entry.startsMapping { return Token(.blockMappingStart, at: entry.token.start) }
        if entry.isKey { return Token(.key, at: entry.token.start) }
        return entry.token
    }

    mutating func append(_ token: Token) {
        entries.append(Entry(token: token))
        count += 1
        last = token.content
    }

    /// Puts a key token, and if asked a mapping's start, before the token with a number.
    mutating func insertKey(before number: Int, startingMapping: Bool) {
        let index = head + number - headNumber
        guard entries.indices.contains(index) else { return }
        entries[index].isKey = true
        entries[index].startsMapping = startingMapping
        count += startingMapping ? 2 : 1
    }

    mutating func removeFirst() {
        guard head < entries.count else { return }
        count -= 1
        if entries[head].startsMapping {
            entries[head].startsMapping = false
        } else if entries[head].isKey {
            entries[head].isKey = false
        } else {
            head += 1
            headNumber += 1
            if head >= 256, head * 2 >= entries.count {
                entries.removeFirst(head)
                head = 0
            }
        }
    }
}
