/// Turns bytes into characters, and keeps the place of the next one.
///
/// How far it reads shows: a fault in the bytes is reported once they are read, even if nobody ever looks at them. So the
/// input is taken as go-yaml takes it, in chunks of 512 bytes that are decoded whole, and only when asked for more
/// characters than are at hand.
struct Reader {
    private enum Encoding {
        case utf8, utf16LittleEndian, utf16BigEndian
    }

    private static let chunkSize = 512

    private let input: [UInt8]
    private var encoding: Encoding?
    /// The bytes taken and not yet decoded.
    private var chunk = 0..<0
    private var reachedEnd = false

    /// All characters so far; past the input's end, one `CodePoint.end` for each time more were asked for.
    private var text: [CodePoint] = []
    private var cursor = 0
    /// Where the cursor stood when characters were last added.
    private var window = 0

    /// The place of the next character.
    private(set) var mark: Position
    /// Whether only blanks came since the last line break.
    private(set) var isAfterBreak = false

    init(_ input: [UInt8], startingAt start: Position) {
        self.input = input
        mark = start
        text.reserveCapacity(min(input.count, 1 << 20) + 16)
    }

    /// The next character.
    var current: CodePoint { self[0] }

    /// The character `offset` places ahead. Call `require` first.
    subscript(offset: Int) -> CodePoint {
        let index = cursor + offset
        return index < text.count ? text[index] : .end
    }

    /// Whether the characters that were added last, and those then at hand, began with a byte order mark.
    ///
    /// go-yaml asks this where it means to ask about the next character, and clients see the difference: in a document
    /// that begins with two marks, lines lose their first character until more is read.
    var windowStartsWithByteOrderMark: Bool {
        window < text.count && text[window] == .byteOrderMark
    }

    /// Reads until `count` characters are at hand, or the input has ended.
    mutating func require(_ count: Int) throws(LoadError) {
        if text.count - cursor < count { try refill(count) }
    }

    private mutating func refill(_ count: Int) throws(LoadError) {
        if encoding == nil { determineEncoding() }
        window = cursor
        var mayTakeMore = chunk.isEmpty
        while text.count - cursor < count {
            if mayTakeMore { takeChunk() }
            mayTakeMore = true
            try decodeChunk()
            if reachedEnd {
                text.append(.end)
                break
            }
        }
    }

    private mutating func takeChunk() {
        guard !reachedEnd else { return }
        let taken = min(Self.chunkSize - chunk.count, input.count - chunk.upperBound)
        if taken == 0 { reachedEnd = true }
        chunk = chunk.lowerBound..<(chunk.upperBound + taken)
    }

    private mutating func determineEncoding() {
        while !reachedEnd && chunk.count < 3 { takeChunk() }
        let start = input[chunk].prefix(3)
        let markLength: Int
        if start.starts(with: [0xFF, 0xFE]) {
            (encoding, markLength) = (.utf16LittleEndian, 2)
        } else if start.starts(with: [0xFE, 0xFF]) {
            (encoding, markLength) = (.utf16BigEndian, 2)
        } else if start.starts(with: [0xEF, 0xBB, 0xBF]) {
            (encoding, markLength) = (.utf8, 3)
        } else {
            (encoding, markLength) = (.utf8, 0)
        }
        chunk = chunk.dropFirst(markLength)
    }

    private mutating func decodeChunk() throws(LoadError) {
        while let byte = chunk.first.map({ input[$0] }) {
            if encoding == .utf8, (0x20..<0x7F).contains(byte) {
                chunk = chunk.dropFirst()
                text.append(CodePoint(UInt32(byte)))
                continue
            }
            let decoded =
                switch encoding {
                case .utf16LittleEndian: try decodeUTF16(input[chunk], lowByte: 0, isLast: reachedEnd)
                case .utf16BigEndian: try decodeUTF16(input[chunk], lowByte: 1, isLast: reachedEnd)
                case .utf8, nil: try decodeUTF8(input[chunk], isLast: reachedEnd)
                }
            guard let decoded else { return }
            guard Self.isAllowed(decoded.value) else {
                throw .reading("control characters are not allowed (value: \(decoded.value))")
            }
            chunk = chunk.dropFirst(decoded.length)
            text.append(CodePoint(decoded.value))
        }
    }

    private static func isAllowed(_ value: UInt32) -> Bool {
        switch value {
        case 0x20...0xD7FF, 0x09, 0x0A, 0x0D, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }
}

extension Reader {
    /// Passes the next character.
    mutating func skip() {
        if !current.isBlank { isAfterBreak = false }
        cursor += 1
        mark.column += 1
    }

    /// Passes `count` characters.
    mutating func skip(_ count: Int) {
        for _ in 0..<count { skip() }
    }

    /// Passes the next line break, if that is what comes next. Call `require(2)` first, as CR LF is one.
    mutating func skipLine() {
        guard current.isBreak else { return }
        cursor += current == "\r" && self[1] == "\n" ? 2 : 1
        startLine()
        isAfterBreak = true
    }

    /// Counts a line break that is not in the text.
    mutating func startLine() {
        mark = Position(line: mark.line + 1, column: 1)
    }

    /// Moves the next character to `content`.
    mutating func read(into content: inout [UInt8]) {
        content.append(current)
        skip()
    }

    /// Moves the next line break to `content`: CR, LF, CR LF and NEL as LF, LS and PS as they are.
    mutating func readLine(into content: inout [UInt8]) {
        guard current.isBreak else { return }
        content.append(current == "\u{2028}" || current == "\u{2029}" ? current : "\n")
        skipLine()
    }

    /// Passes characters while they satisfy `condition`, reading on as needed.
    mutating func skip(while condition: (CodePoint) -> Bool) throws(LoadError) {
        try require(1)
        while condition(current) {
            skip()
            try require(1)
        }
    }

    /// Moves characters to `content` while they satisfy `condition`, reading on as needed.
    mutating func read(into content: inout [UInt8], while condition: (CodePoint) -> Bool) throws(LoadError) {
        try require(1)
        while condition(current) {
            read(into: &content)
            try require(1)
        }
    }

    /// Whether `---` or `...` begins this line. Call `require(4)` first.
    var isAtDocumentIndicator: Bool {
        isAt("-") || isAt(".")
    }

    private func isAt(_ indicator: CodePoint) -> Bool {
        current == indicator && mark.column == 1 && self[1] == indicator && self[2] == indicator
            && self[3].isSeparator
    }
}
