/// What lies between tokens.
extension Scanner {
    /// How far a comment is looked for behind blanks and breaks.
    private static let commentSearchLength = 512

    /// Passes blanks, comments and line breaks.
    mutating func skipToToken() throws(LoadError) {
        while true {
            try reader.require(1)
            if reader.mark.column == 1, reader.windowStartsWithByteOrderMark { reader.skip() }
            // A tab could be meant as indentation wherever a simple key may begin.
            let mayBeTab = flowLevel > 0 || !isSimpleKeyAllowed
            try reader.skip { $0 == " " || (mayBeTab && $0 == "\t") }
            if reader.current == "#" { try skipComments() }
            guard reader.current.isBreak else { return }
            try reader.require(2)
            reader.skipLine()
            if flowLevel == 0 { isSimpleKeyAllowed = true }
        }
    }

    /// Passes a comment behind a token, but not the line break.
    ///
    /// A fault in bytes that only this search looks at is left for whoever needs them.
    mutating func skipLineComment() throws(LoadError) {
        guard !reader.isAfterBreak else { return }
        var offset = 0
        while offset < Self.commentSearchLength {
            guard (try? reader.require(offset + 1)) != nil else { return }
            guard reader[offset].isBlank else { break }
            offset += 1
        }
        guard offset < Self.commentSearchLength, reader[offset] == "#" else { return }
        reader.skip(offset)
        try reader.skip { !$0.isBreakOrEnd }
    }

    /// Passes a comment and those on the next lines, but not the last one's line break.
    ///
    /// Between them anything blank goes, even a tab that would not do before a token. NEL, LS and PS end the search, as
    /// go-yaml looks at bytes here.
    private mutating func skipComments() throws(LoadError) {
        var offset = 0
        while offset < Self.commentSearchLength {
            guard (try? reader.require(offset + 1)) != nil else { return }
            let character = reader[offset]
            if character == "#" {
                try skip(toCommentAt: offset)
                // The break behind the comment needs no look.
                guard reader.current.isOneByte else { return }
                offset = 1
            } else if character.isBlank || character == "\n" || character == "\r" {
                offset += 1
            } else {
                return
            }
        }
    }

    /// Passes what lies before a comment, and the comment.
    private mutating func skip(toCommentAt offset: Int) throws(LoadError) {
        var remaining = offset
        while remaining > 0 {
            try reader.require(2)
            if reader.current.isBreak {
                remaining -= reader.current == "\r" && reader[1] == "\n" ? 2 : 1
                reader.skipLine()
            } else {
                remaining -= 1
                reader.skip()
            }
        }
        try reader.skip { !$0.isBreakOrEnd }
    }
}
