/// Text in single or double quotes.
extension Scanner {
    private static let quotedContext = "while scanning a quoted scalar"

    mutating func fetchQuotedScalar(_ style: Node.Style) throws(LoadError) {
        try saveSimpleKey()
        isSimpleKeyAllowed = false
        let start = reader.mark
        let quote = reader.current
        reader.skip()
        var text = FoldedText()
        while true {
            try reader.require(4)
            if reader.isAtDocumentIndicator {
                throw failure(Self.quotedContext, from: start, "found unexpected document indicator")
            }
            if reader.current.isEnd {
                throw failure(Self.quotedContext, from: start, "found unexpected end of stream")
            }
            try scanQuotedWord(quote, start, into: &text)
            try reader.require(1)
            if reader.current == quote { break }
            try text.skipSpace(in: &reader)
            text.join()
        }
        reader.skip()
        queue.append(Token(.scalar(text.content, style), from: start, to: reader.mark))
    }

    /// Reads up to the next blank, break or closing quote.
    private mutating func scanQuotedWord(
        _ quote: CodePoint, _ start: Position, into text: inout FoldedText
    ) throws(LoadError) {
        while !reader.current.isSeparator {
            if quote == "'", reader.current == "'", reader[1] == "'" {
                text.content.append(CodePoint("'"))
                reader.skip(2)
            } else if reader.current == quote {
                return
            } else if quote == "\"", reader.current == "\\" {
                if reader[1].isBreak {
                    try reader.require(3)
                    text.skipEscapedBreak(in: &reader)
                    return
                }
                try scanEscape(start, into: &text.content)
            } else {
                reader.read(into: &text.content)
            }
            try reader.require(2)
        }
    }

    private mutating func scanEscape(_ start: Position, into content: inout [UInt8]) throws(LoadError) {
        var digits = 0
        switch reader[1] {
        case "0": content.append(CodePoint("\0"))
        case "a": content.append(CodePoint("\u{07}"))
        case "b": content.append(CodePoint("\u{08}"))
        case "t", "\t": content.append(CodePoint("\t"))
        case "n": content.append(CodePoint("\n"))
        case "v": content.append(CodePoint("\u{0B}"))
        case "f": content.append(CodePoint("\u{0C}"))
        case "r": content.append(CodePoint("\r"))
        case "e": content.append(CodePoint("\u{1B}"))
        case " ", "\"", "'", "\\": content.append(reader[1])
        case "N": content.append(CodePoint("\u{85}"))
        case "_": content.append(CodePoint("\u{A0}"))
        case "L": content.append(CodePoint("\u{2028}"))
        case "P": content.append(CodePoint("\u{2029}"))
        case "x": digits = 2
        case "u": digits = 4
        case "U": digits = 8
        default: throw failure(Self.quotedContext, from: start, "found unknown escape character")
        }
        reader.skip(2)
        if digits > 0 { content.append(try scanHexadecimal(digits, start)) }
    }

    /// A character by its number. A surrogate is refused even if its partner follows.
    private mutating func scanHexadecimal(_ digits: Int, _ start: Position) throws(LoadError) -> CodePoint {
        try reader.require(digits)
        var value: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = reader[offset].hexadecimalValue else {
                throw failure(Self.quotedContext, from: start, "did not find expected hexadecimal number")
            }
            value = value << 4 | digit
        }
        guard Unicode.Scalar(value) != nil else {
            throw failure(Self.quotedContext, from: start, "found invalid Unicode character escape code")
        }
        reader.skip(digits)
        return CodePoint(value)
    }
}
