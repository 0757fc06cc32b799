/// Values as words of an iPXE script, bytes in and bytes out: iPXE knows no other units.
///
/// iPXE first splits a line at white space, then looks for words that are `||`, `&&` or (in newer builds) `;`, and for
/// one that begins with `#`, a comment to the end of the line; only then does it replace `${name}` in each word, again
/// and again until none is left (iPXE `core/exec.c`, `core/settings.c`). So
///
/// - a word that would be taken for one of these is written with an empty setting before it, `${empty}#word`, because
///   the replacement comes too late to make it a comment;
/// - a word that ends in `\`, which at the end of a line means "continued", gets the empty setting behind it;
/// - a literal `${name}` cannot be written at all: whatever settings it is pieced together from, the result is replaced
///   once more. Talos' own variables stand in the query of the `talos.config` URL, which Talos decodes before it looks
///   for them, so there the dollar sign is written `%24`. Anywhere else `${…}` is refused.
enum ScriptWords {
    /// A setting that nobody sets.
    private static let empty = "${empty:string}"
    private static let space = UInt8(ascii: " ")

    /// A URL. A dollar sign that would begin an expansion is percent-encoded.
    static func write(url: String, to script: inout [UInt8]) throws(ScriptError) {
        if url.isPlain(after: space, permittingSpaces: false) != nil { return script.append(contentsOf: url.utf8) }
        let bytes = url.utf8Bytes
        guard !bytes.hasWhiteSpace else { throw .whiteSpace(in: url) }
        guard !bytes.hasControl else { throw .controlCharacter(in: url) }
        write(word: bytes.replacingExpansions(by: "%24{"), to: &script)
    }

    /// A kernel command line, word by word.
    static func write(commandLine line: String, to script: inout [UInt8]) throws(ScriptError) {
        if let last = line.isPlain(after: space), last != space { return script.append(contentsOf: line.utf8) }
        let bytes = line.utf8Bytes
        guard !bytes.hasControl else { throw .controlCharacter(in: line) }
        var isFirst = true
        for word in bytes.split(separator: space) {
            if !isFirst { script.append(space) }
            isFirst = false
            if word.starts(with: "talos.config=".utf8), let question = word.firstIndex(of: UInt8(ascii: "?")) {
                let query = word[(question + 1)...].replacingExpansions(by: "%24{")
                try write(protecting: word[...question] + query, to: &script)
            } else {
                try write(protecting: word, to: &script)
            }
        }
    }

    /// Text for people. It is never refused: what cannot be shown is replaced.
    static func write(displayed parts: [String], to script: inout [UInt8]) {
        var last: UInt8? = space
        for part in parts { last = last.flatMap { part.isPlain(after: $0) } }
        if let last, last != space {
            for part in parts { script.append(contentsOf: part.utf8) }
            return
        }
        var text: [UInt8] = []
        text.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count })
        for part in parts { text.append(contentsOf: part.utf8) }
        var isFirst = true
        for word in text[...].replacingControls().replacingExpansions(by: "$ {").split(separator: space) {
            if !isFirst { script.append(space) }
            isFirst = false
            write(word: word, to: &script)
        }
    }

    /// One word that iPXE passes on as it is.
    private static func write(protecting word: ArraySlice<UInt8>, to script: inout [UInt8]) throws(ScriptError) {
        guard !word.hasExpansion else { throw .expansion(in: String(decoding: word, as: UTF8.self)) }
        write(word: word, to: &script)
    }

    private static func write(word: ArraySlice<UInt8>, to script: inout [UInt8]) {
        if word.isSyntax { script.append(contentsOf: empty.utf8) }
        script.append(contentsOf: word)
        if word.last == UInt8(ascii: "\\") { script.append(contentsOf: empty.utf8) }
    }
}

extension String {
    /// The last byte, if all of it can be written as it stands: printable ASCII, with single spaces, and nothing in it that
    /// iPXE takes for something of its own. Almost everything is, and this looks at each byte once.
    fileprivate func isPlain(after previous: UInt8, permittingSpaces: Bool = true) -> UInt8? {
        var text = self
        return text.withUTF8 { bytes in
            var last = previous
            for byte in bytes {
                switch byte {
                case UInt8(ascii: "$"), UInt8(ascii: "\\"): return nil
                case UInt8(ascii: "#"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"):
                    if last == UInt8(ascii: " ") { return nil }
                case UInt8(ascii: " "):
                    if last == UInt8(ascii: " ") || !permittingSpaces { return nil }
                case 0x21...0x7e: break
                default: return nil
                }
                last = byte
            }
            return last
        }
    }

    fileprivate var utf8Bytes: ArraySlice<UInt8> { Array(utf8)[...] }
}

extension ArraySlice<UInt8> {
    /// Whether iPXE takes the word for something of its own.
    fileprivate var isSyntax: Bool {
        guard let first else { return false }
        switch first {
        case UInt8(ascii: "#"): return true
        case UInt8(ascii: ";"): return count == 1
        case UInt8(ascii: "|"), UInt8(ascii: "&"): return count == 2 && last == first
        default: return false
        }
    }

    /// Whether a control character begins at `index`: U+0000 to U+001F, U+007F to U+009F.
    private func isControl(at index: Int) -> Bool {
        let byte = self[index]
        if byte == 0xc2, index + 1 < endIndex { return (0x80...0x9f).contains(self[index + 1]) }
        return byte < 0x20 || byte == 0x7f
    }

    fileprivate var hasControl: Bool { indices.contains { isControl(at: $0) } }

    /// Every control character as a space.
    fileprivate func replacingControls() -> ArraySlice<UInt8> {
        guard hasControl else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var index = startIndex
        while index < endIndex {
            if isControl(at: index) {
                result.append(UInt8(ascii: " "))
                index += self[index] == 0xc2 ? 2 : 1
            } else {
                result.append(self[index])
                index += 1
            }
        }
        return result[...]
    }

    /// White space that is no control character.
    fileprivate var hasWhiteSpace: Bool {
        guard !contains(UInt8(ascii: " ")) else { return true }
        guard contains(where: { $0 >= 0x80 }) else { return false }
        return String(decoding: self, as: UTF8.self).unicodeScalars.contains {
            $0.properties.isWhitespace && $0.properties.generalCategory != .control
        }
    }

    /// Whether iPXE would find something to replace: `${` with `}` somewhere behind it.
    fileprivate var hasExpansion: Bool {
        guard contains(UInt8(ascii: "$")), let last = lastIndex(of: UInt8(ascii: "}")) else { return false }
        return self[..<last].indices.dropLast().contains {
            self[$0] == UInt8(ascii: "$") && self[$0 + 1] == UInt8(ascii: "{")
        }
    }

    /// Every `${` replaced.
    fileprivate func replacingExpansions(by replacement: String) -> ArraySlice<UInt8> {
        guard contains(UInt8(ascii: "$")) else { return self }
        var result: [UInt8] = []
        result.reserveCapacity(count + 8)
        for byte in self {
            if byte == UInt8(ascii: "{"), result.last == UInt8(ascii: "$") {
                result.removeLast()
                result.append(contentsOf: replacement.utf8)
            } else {
                result.append(byte)
            }
        }
        return result[...]
    }
}
