/// A character of the text, with the questions YAML's productions ask about one.
///
/// NUL is not allowed in a text, so it stands for the end.
struct CodePoint: Hashable, ExpressibleByUnicodeScalarLiteral {
    let value: UInt32

    init(_ value: UInt32) {
        self.value = value
    }

    init(unicodeScalarLiteral scalar: Unicode.Scalar) {
        value = scalar.value
    }

    static let end: CodePoint = "\0"
    static let byteOrderMark: CodePoint = "\u{FEFF}"

    var isEnd: Bool { value == 0 }
    /// A space or a tab.
    var isBlank: Bool { value == 0x20 || value == 0x09 }
    /// LF, CR, NEL, LS or PS.
    var isBreak: Bool {
        value == 0x0A || value == 0x0D || value == 0x85 || value == 0x2028 || value == 0x2029
    }
    var isBreakOrEnd: Bool { isBreak || isEnd }
    /// Whatever may follow an indicator or a word.
    var isSeparator: Bool { isBlank || isBreakOrEnd }
    /// Whether UTF-8 has it in one byte.
    var isOneByte: Bool { value < 0x80 }
    /// One of `,[]{}`.
    var isFlowIndicator: Bool {
        switch self {
        case ",", "[", "]", "{", "}": true
        default: false
        }
    }
    var isDigit: Bool { (0x30...0x39).contains(value) }
    /// A letter, a digit, `_` or `-`.
    var isWord: Bool {
        switch value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2D: true
        default: false
        }
    }
    /// Printable ASCII but for the space.
    var isGraphicASCII: Bool { (0x21...0x7E).contains(value) }
    /// Fit for an anchor's name: go-yaml keeps to ASCII, and leaves the colon out as ambiguous.
    var isAnchorCharacter: Bool { isGraphicASCII && self != ":" && !isFlowIndicator }
    /// Fit for a tag; flow indicators only within `!<…>` and in a %TAG directive.
    func isTagCharacter(verbatim: Bool) -> Bool {
        if isWord { return true }
        switch self {
        case ";", "/", "?", ":", "@", "&", "=", "+", "$", ".", "!", "~", "*", "'", "(", ")", "%": return true
        default: return verbatim && isFlowIndicator
        }
    }
    /// One of the characters that no plain scalar starts with.
    var isIndicator: Bool {
        switch self {
        case "-", "?", ":", ",", "[", "]", "{", "}", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`": true
        default: false
        }
    }
    /// The value of a hexadecimal digit.
    var hexadecimalValue: UInt32? {
        switch value {
        case 0x30...0x39: value - 0x30
        case 0x41...0x46: value - 0x41 + 10
        case 0x61...0x66: value - 0x61 + 10
        default: nil
        }
    }
}

extension [UInt8] {
    /// Adds a character in UTF-8.
    mutating func append(_ character: CodePoint) {
        let value = character.value
        func tail(_ shift: UInt32) -> UInt8 { 0x80 | UInt8((value >> shift) & 0x3F) }
        switch value {
        case ..<0x80:
            append(UInt8(truncatingIfNeeded: value))
        case ..<0x800:
            append(0xC0 | UInt8(truncatingIfNeeded: value >> 6))
            append(tail(0))
        case ..<0x10000:
            append(0xE0 | UInt8(truncatingIfNeeded: value >> 12))
            append(tail(6))
            append(tail(0))
        default:
            append(0xF0 | UInt8(truncatingIfNeeded: value >> 18))
            append(tail(12))
            append(tail(6))
            append(tail(0))
        }
    }
}
