/// `%YAML` and `%TAG`, a line each.
extension Scanner {
    mutating func scanDirective() throws(LoadError) -> Token {
        let start = reader.mark
        reader.skip()
        let content: Token.Content
        switch try scanDirectiveName(start) {
        case Array("YAML".utf8): content = try scanVersion(start)
        case Array("TAG".utf8): content = .tagDirective(try scanTagDirective(start))
        default: throw failure("while scanning a directive", from: start, "found unknown directive name")
        }
        let token = Token(content, from: start, to: reader.mark)
        try skipRestOfLine("while scanning a directive", from: start)
        return token
    }

    /// Passes blanks, a comment and the line break; a comment needs no blank before it.
    mutating func skipRestOfLine(_ context: String, from start: Position) throws(LoadError) {
        try reader.skip { $0.isBlank }
        if reader.current == "#" { try reader.skip { !$0.isBreakOrEnd } }
        guard reader.current.isBreakOrEnd else {
            throw failure(context, from: start, "did not find expected comment or line break")
        }
        if reader.current.isBreak {
            try reader.require(2)
            reader.skipLine()
        }
    }

    private mutating func scanDirectiveName(_ start: Position) throws(LoadError) -> [UInt8] {
        var name: [UInt8] = []
        try reader.read(into: &name) { $0.isWord }
        guard !name.isEmpty else {
            throw failure("while scanning a directive", from: start, "could not find expected directive name")
        }
        guard reader.current.isSeparator else {
            throw failure("while scanning a directive", from: start, "found unexpected non-alphabetical character")
        }
        return name
    }

    private mutating func scanVersion(_ start: Position) throws(LoadError) -> Token.Content {
        try reader.skip { $0.isBlank }
        let major = try scanVersionNumber(start)
        guard reader.current == "." else {
            throw failure(
                "while scanning a %YAML directive", from: start, "did not find expected digit or '.' character")
        }
        reader.skip()
        return .versionDirective(major: major, minor: try scanVersionNumber(start))
    }

    private mutating func scanVersionNumber(_ start: Position) throws(LoadError) -> Int {
        let context = "while scanning a %YAML directive"
        var (number, length) = (0, 0)
        try reader.require(1)
        while reader.current.isDigit {
            length += 1
            guard length <= 2 else { throw failure(context, from: start, "found extremely long version number") }
            number = number * 10 + Int(reader.current.value - 0x30)
            reader.skip()
            try reader.require(1)
        }
        guard length > 0 else { throw failure(context, from: start, "did not find expected version number") }
        return number
    }

    private mutating func scanTagDirective(_ start: Position) throws(LoadError) -> TagDirective {
        let context = "while scanning a %TAG directive"
        try reader.skip { $0.isBlank }
        let handle = try scanTagHandle(.directive, start)
        try reader.require(1)
        guard reader.current.isBlank else { throw failure(context, from: start, "did not find expected whitespace") }
        try reader.skip { $0.isBlank }
        let prefix = try scanTagURI(.directive, start)
        guard reader.current.isSeparator else {
            throw failure(context, from: start, "did not find expected whitespace or line break")
        }
        return TagDirective(handle: handle, prefix: prefix)
    }
}
