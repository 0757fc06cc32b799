/// Anchors, aliases and tags.
extension Scanner {
    /// Where a tag, or part of one, is written.
    enum TagForm {
        /// In a %TAG directive.
        case directive
        /// As `!<…>`.
        case verbatim
        /// As `!name` or `!handle!name`.
        case short
    }

    mutating func fetchAnchor(isAlias: Bool) throws(LoadError) {
        try saveSimpleKey()
        isSimpleKeyAllowed = false
        let start = reader.mark
        reader.skip()
        // The slip of `windowStartsWithByteOrderMark`: after such a mark no name has a letter.
        var name: [UInt8] = []
        try reader.require(1)
        while reader.current.isAnchorCharacter && !reader.windowStartsWithByteOrderMark {
            reader.read(into: &name)
            try reader.require(1)
        }
        guard !name.isEmpty, isAtAnchorEnd else {
            throw failure(
                isAlias ? "while scanning an alias" : "while scanning an anchor", from: start,
                "did not find expected alphabetic or numeric character")
        }
        queue.append(Token(isAlias ? .alias(name) : .anchor(name), from: start, to: reader.mark))
    }

    private var isAtAnchorEnd: Bool {
        switch reader.current {
        case "?", ":", ",", "]", "}", "%", "@", "`": true
        case let other: other.isSeparator
        }
    }

    mutating func fetchTag() throws(LoadError) {
        try saveSimpleKey()
        isSimpleKeyAllowed = false
        let start = reader.mark
        try reader.require(2)
        let content = reader[1] == "<" ? try scanVerbatimTag(start) : try scanShortTag(start)
        try reader.require(1)
        guard reader.current.isSeparator else {
            throw failure("while scanning a tag", from: start, "did not find expected whitespace or line break")
        }
        queue.append(Token(content, from: start, to: reader.mark))
    }

    private mutating func scanVerbatimTag(_ start: Position) throws(LoadError) -> Token.Content {
        reader.skip(2)
        let suffix = try scanTagURI(.verbatim, start)
        guard reader.current == ">" else {
            throw failure("while scanning a tag", from: start, "did not find the expected '>'")
        }
        reader.skip()
        return .tag(handle: [], suffix: suffix)
    }

    private mutating func scanShortTag(_ start: Position) throws(LoadError) -> Token.Content {
        let mark = UInt8(ascii: "!")
        let handle = try scanTagHandle(.short, start)
        if handle.count > 1, handle.last == mark {
            return .tag(handle: handle, suffix: try scanTagURI(.short, start))
        }
        // What looked like a handle is the beginning of the name.
        let suffix = try scanTagURI(.short, start, beginning: handle)
        return suffix.isEmpty ? .tag(handle: [], suffix: handle) : .tag(handle: [mark], suffix: suffix)
    }

    /// A handle, `!`, `!!` or `!name!`; in a tag also the beginning of `!name`.
    mutating func scanTagHandle(_ form: TagForm, _ start: Position) throws(LoadError) -> [UInt8] {
        try reader.require(1)
        guard reader.current == "!" else { throw tagFailure(form, start, "did not find expected '!'") }
        var handle: [UInt8] = []
        reader.read(into: &handle)
        try reader.read(into: &handle) { $0.isWord }
        if reader.current == "!" {
            reader.read(into: &handle)
        } else if form == .directive, handle.count > 1 {
            throw tagFailure(form, start, "did not find expected '!'")
        }
        return handle
    }

    /// The characters of a tag, with `%xx` decoded, behind a `beginning` whose `!` is left out.
    mutating func scanTagURI(
        _ form: TagForm, _ start: Position, beginning: [UInt8] = []
    ) throws(LoadError) -> [UInt8] {
        var tag = Array(beginning.dropFirst())
        var isPresent = !beginning.isEmpty
        try reader.require(1)
        while reader.current.isTagCharacter(verbatim: form != .short) {
            if reader.current == "%" {
                try scanEscapedCharacter(form, start, into: &tag)
            } else {
                reader.read(into: &tag)
            }
            try reader.require(1)
            isPresent = true
        }
        if form == .short, reader.current.isGraphicASCII, let scalar = Unicode.Scalar(reader.current.value) {
            throw tagFailure(form, start, "found character '\(scalar)' that is not allowed in a YAML tag")
        }
        guard isPresent else { throw tagFailure(form, start, "did not find expected tag URI") }
        return tag
    }

    /// A character whose UTF-8 is written as `%xx%xx…`. That it is valid is only checked byte by byte.
    private mutating func scanEscapedCharacter(
        _ form: TagForm, _ start: Position, into tag: inout [UInt8]
    ) throws(LoadError) {
        let lead = try scanEscapedByte(form, start)
        let length =
            switch lead {
            case ..<0x80: 1
            case 0xC0..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0..<0xF8: 4
            default: 0
            }
        guard length > 0 else { throw tagFailure(form, start, "found an incorrect leading UTF-8 octet") }
        tag.append(lead)
        reader.skip(3)
        for _ in 1..<length {
            let octet = try scanEscapedByte(form, start)
            guard octet & 0xC0 == 0x80 else {
                throw tagFailure(form, start, "found an incorrect trailing UTF-8 octet")
            }
            tag.append(octet)
            reader.skip(3)
        }
    }

    private mutating func scanEscapedByte(_ form: TagForm, _ start: Position) throws(LoadError) -> UInt8 {
        try reader.require(3)
        guard reader.current == "%", let high = reader[1].hexadecimalValue, let low = reader[2].hexadecimalValue
        else { throw tagFailure(form, start, "did not find URI escaped octet") }
        return UInt8(truncatingIfNeeded: high << 4 | low)
    }

    private func tagFailure(_ form: TagForm, _ start: Position, _ message: String) -> LoadError {
        failure(
            form == .directive ? "while parsing a %TAG directive" : "while parsing a tag", from: start, message)
    }
}
