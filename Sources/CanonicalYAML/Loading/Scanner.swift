/// Turns characters into tokens, after the design of libyaml as go-yaml changed it.
///
/// It keeps the indentation of the open block collections, and the places where a simple key may have begun: on the `:`
/// that proves one, the key token goes before it. It runs a little ahead of the parser, and how far shows, because whatever
/// it reaches must scan.
struct Scanner {
    /// A place where a key without `?` may have begun.
    struct SimpleKey {
        /// Whether the text makes no sense unless it is a key.
        var isRequired = false
        var flowLevel = 0
        var tokenNumber = 0
        var mark: Position?
    }

    static let maximumDepth = 10000

    var reader: Reader
    var queue = TokenQueue()
    /// How many flow collections are open.
    var flowLevel = 0
    /// The column of the innermost block collection, or -1.
    var indentation = -1
    /// The columns of those around it.
    var outerIndentations: [Int] = []
    var isSimpleKeyAllowed = false
    var isSimpleKeyPossible = false
    var simpleKey = SimpleKey()
    /// The possible keys that are flow collections still open.
    var outerSimpleKeys: [SimpleKey] = []

    private var hasStarted = false
    private var isTokenReady = false

    init(_ input: [UInt8], startingAt start: Position) {
        reader = Reader(input, startingAt: start)
    }

    /// The next token.
    mutating func peek() throws(LoadError) -> Token {
        if !isTokenReady {
            try fetchAhead()
            isTokenReady = true
        }
        return queue.first ?? Token(.streamEnd, at: reader.mark)
    }

    /// Passes the token that `peek` gave.
    mutating func skip() {
        queue.removeFirst()
        isTokenReady = false
    }

    /// Fetches until three tokens are at hand, and further while the first may turn out to be a key.
    ///
    /// go-yaml needs the two tokens behind the next one to tell where comments belong.
    private mutating func fetchAhead() throws(LoadError) {
        while true {
            if queue.count > 2 {
                let firstKey = outerSimpleKeys.first ?? (isSimpleKeyPossible ? simpleKey : nil)
                if firstKey?.tokenNumber != queue.headNumber { return }
            }
            try fetch()
        }
    }

    private mutating func fetch() throws(LoadError) {
        try reader.require(1)
        guard hasStarted else {
            hasStarted = true
            isSimpleKeyAllowed = true
            queue.append(Token(.streamStart, at: reader.mark))
            return
        }
        let previousEnd = reader.mark
        try skipToToken()
        closeBlocks(to: reader.mark.column, at: previousEnd)
        try reader.require(4)

        if reader.current.isEnd { return try fetchStreamEnd() }
        if reader.mark.column == 1, reader.current == "%" { return try fetchDirective() }
        if reader.isAtDocumentIndicator { return try fetchDocumentIndicator() }
        try fetchContent()
        if case .blockEntry? = queue.last { return }
        try skipLineComment()
    }

    private mutating func fetchContent() throws(LoadError) {
        let isSeparated = reader[1].isSeparator
        switch reader.current {
        case "[": try fetchFlowStart(.flowSequenceStart)
        case "{": try fetchFlowStart(.flowMappingStart)
        case "]": try fetchFlowEnd(.flowSequenceEnd)
        case "}": try fetchFlowEnd(.flowMappingEnd)
        case ",": try fetchFlowEntry()
        case "-" where isSeparated: try fetchBlockEntry()
        case "?" where isSeparated: try fetchKey()
        case ":" where isSeparated || (flowLevel > 0 && !isAtFlowEntryStart): try fetchValue()
        case "*": try fetchAnchor(isAlias: true)
        case "&": try fetchAnchor(isAlias: false)
        case "!": try fetchTag()
        case "|" where flowLevel == 0: try fetchBlockScalar(.literal)
        case ">" where flowLevel == 0: try fetchBlockScalar(.folded)
        case "'": try fetchQuotedScalar(.singleQuoted)
        case "\"": try fetchQuotedScalar(.doubleQuoted)
        case "-", "?", ":": try fetchPlainScalar()
        case let other where other.isIndicator || other.isSeparator:
            throw failure(
                "while scanning for the next token", from: reader.mark, "found character that cannot start any token")
        default: try fetchPlainScalar()
        }
    }

    /// Whether an entry of a flow collection begins here, so that `:` is the first letter of a word.
    private var isAtFlowEntryStart: Bool {
        switch queue.last {
        case .flowEntry, .flowSequenceStart: true
        default: false
        }
    }

    /// A fault at the cursor, in a construct that began at `start`.
    func failure(_ context: String?, from start: Position?, _ message: String) -> LoadError {
        LoadError(
            stage: .scanner, context: context, contextPosition: start, position: reader.mark, message: message)
    }

    /// A fault at the cursor.
    func failure(_ message: String) -> LoadError {
        failure(nil, from: nil, message)
    }
}
