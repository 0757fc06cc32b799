/// Values as words of an iPXE script.
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
    static let empty = "${empty:string}"

    /// One word that iPXE passes on as it is. The text has no white space.
    static func protecting(_ word: String) throws(ScriptError) -> String {
        guard !word.unicodeScalars.contains(where: \.isControl) else { throw .controlCharacter(in: word) }
        guard !word.hasExpansion else { throw .expansion(in: word) }
        return guarded(word)
    }

    /// A URL. A dollar sign that would begin an expansion is percent-encoded.
    static func url(_ url: String) throws(ScriptError) -> String {
        guard !url.unicodeScalars.contains(where: { $0.properties.isWhitespace && !$0.isControl }) else {
            throw .whiteSpace(in: url)
        }
        return try protecting(url.replacingExpansions(by: "%24{"))
    }

    /// A kernel command line, word by word.
    static func commandLine(_ line: String) throws(ScriptError) -> String {
        guard !line.unicodeScalars.contains(where: \.isControl) else { throw .controlCharacter(in: line) }
        var words: [String] = []
        for word in line.split(separator: " ") {
            let parts = word.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            if word.hasPrefix("talos.config="), parts.count == 2 {
                words.append(try protecting("\(parts[0])?\(String(parts[1]).replacingExpansions(by: "%24{"))"))
            } else {
                words.append(try protecting(String(word)))
            }
        }
        return words.joined(separator: " ")
    }

    /// Text for people. It is never refused: what cannot be shown is replaced.
    static func displayed(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars {
            shown.unicodeScalars.append(scalar.isControl ? " " : scalar)
        }
        return shown.replacingExpansions(by: "$ {").split(separator: " ").map { guarded(String($0)) }
            .joined(separator: " ")
    }

    private static func guarded(_ word: String) -> String {
        let isSyntax = ["||", "&&", ";"].contains(word) || word.utf8.first == UInt8(ascii: "#")
        return (isSyntax ? empty : "") + word + (word.utf8.last == UInt8(ascii: "\\") ? empty : "")
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { properties.generalCategory == .control }
}

extension String {
    /// Whether iPXE would find something to replace: `${` with `}` somewhere behind it.
    fileprivate var hasExpansion: Bool {
        let bytes = Array(utf8)
        guard let last = bytes.lastIndex(of: UInt8(ascii: "}")) else { return false }
        return bytes[..<last].indices.dropLast().contains {
            bytes[$0] == UInt8(ascii: "$") && bytes[$0 + 1] == UInt8(ascii: "{")
        }
    }

    /// Every `${` replaced.
    fileprivate func replacingExpansions(by replacement: String) -> String {
        var result: [UInt8] = []
        for byte in utf8 {
            if byte == UInt8(ascii: "{"), result.last == UInt8(ascii: "$") {
                result.removeLast()
                result += Array(replacement.utf8)
            } else {
                result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
