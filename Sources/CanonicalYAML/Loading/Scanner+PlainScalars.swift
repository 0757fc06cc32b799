/// Words without quotes.
extension Scanner {
    mutating func fetchPlainScalar() throws(LoadError) {
        try saveSimpleKey()
        isSimpleKeyAllowed = false
        let start = reader.mark
        var end = start
        var text = FoldedText()
        while true {
            try reader.require(4)
            if reader.isAtDocumentIndicator || reader.current == "#" { break }
            while !reader.current.isSeparator && !isAtPlainScalarEnd {
                text.join()
                reader.read(into: &text.content)
                end = reader.mark
                try reader.require(2)
            }
            guard reader.current.isBlank || reader.current.isBreak else { break }
            try text.skipSpace(in: &reader) { [indentation] reader throws(LoadError) in
                if reader.current == "\t", reader.mark.column <= indentation {
                    throw LoadError(
                        stage: .scanner, context: "while scanning a plain scalar", contextPosition: start,
                        position: reader.mark, message: "found a tab character that violates indentation")
                }
            }
            if flowLevel == 0, reader.mark.column <= indentation { break }
        }
        if text.isAfterBreak { isSimpleKeyAllowed = true }
        queue.append(Token(.scalar(text.content, .plain), from: start, to: end))
    }

    /// Whether an indicator ends the word here.
    private var isAtPlainScalarEnd: Bool {
        if reader.current == ":", reader[1].isSeparator { return true }
        guard flowLevel > 0 else { return false }
        switch reader.current {
        case "?": return reader[1].isSeparator
        case ":": return reader[1] == "," || reader[1] == "]" || reader[1] == "}"
        default: return reader.current.isFlowIndicator
        }
    }
}

/// The text of a flow scalar, plain or quoted, in which line breaks are folded.
struct FoldedText {
    /// The text so far.
    var content: [UInt8] = []
    /// Whether a line break lies between the text and the cursor.
    var isAfterBreak = false
    private var blanks: [UInt8] = []
    private var firstBreak: [UInt8] = []
    private var otherBreaks: [UInt8] = []

    /// Passes blanks and breaks, and keeps what they mean.
    ///
    /// - Parameter check: looks at each blank at the beginning of a line.
    mutating func skipSpace(
        in reader: inout Reader, checking check: (Reader) throws(LoadError) -> Void = { _ throws(LoadError) in }
    ) throws(LoadError) {
        try reader.require(1)
        while true {
            if reader.current.isBlank {
                if isAfterBreak {
                    try check(reader)
                    reader.skip()
                } else {
                    reader.read(into: &blanks)
                }
            } else if reader.current.isBreak {
                try reader.require(2)
                if isAfterBreak {
                    reader.readLine(into: &otherBreaks)
                } else {
                    blanks.removeAll(keepingCapacity: true)
                    reader.readLine(into: &firstBreak)
                    isAfterBreak = true
                }
            } else {
                return
            }
            try reader.require(1)
        }
    }

    /// Passes a line break that a backslash took the meaning from.
    mutating func skipEscapedBreak(in reader: inout Reader) {
        reader.skip()
        reader.skipLine()
        isAfterBreak = true
    }

    /// Adds to the text what the space behind it means: blanks as they are, one line break as a space, more as one less.
    /// LS and PS stay.
    mutating func join() {
        if isAfterBreak {
            if firstBreak.first == UInt8(ascii: "\n") {
                if otherBreaks.isEmpty { content.append(UInt8(ascii: " ")) }
            } else {
                content += firstBreak
            }
            content += otherBreaks
            firstBreak.removeAll(keepingCapacity: true)
            otherBreaks.removeAll(keepingCapacity: true)
            isAfterBreak = false
        } else if !blanks.isEmpty {
            content += blanks
            blanks.removeAll(keepingCapacity: true)
        }
    }
}
