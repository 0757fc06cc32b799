/// The characters of bytes that may not be UTF-8, as Go walks over a string: each byte that belongs to no character is a
/// U+FFFD of its own.
struct GoRunes: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next character, and whether the bytes really spelled it.
    mutating func next() -> (scalar: Unicode.Scalar, isValid: Bool)? {
        guard position < bytes.count else { return nil }
        let lead = bytes[position]
        if lead < 0x80 {
            position += 1
            return (Unicode.Scalar(lead), true)
        }
        let length: Int
        switch lead {
        case 0xc2..<0xe0: length = 2
        case 0xe0..<0xf0: length = 3
        case 0xf0..<0xf5: length = 4
        default: length = 0
        }
        if length > 0, length <= bytes.count - position {
            var value = UInt32(lead) & (0x7f >> UInt32(length))
            var isWhole = true
            for byte in bytes[(position + 1)..<(position + length)] {
                isWhole = isWhole && byte & 0xc0 == 0x80
                value = value << 6 | UInt32(byte & 0x3f)
            }
            let smallest: UInt32 = length == 3 ? 0x800 : length == 4 ? 0x10000 : 0
            if isWhole, value >= smallest, let scalar = Unicode.Scalar(value) {
                position += length
                return (scalar, true)
            }
        }
        position += 1
        return ("\u{fffd}", false)
    }
}

extension Sequence<UInt8> {
    /// Whether the bytes are UTF-8.
    var isUTF8: Bool { GoRunes(Array(self)).allSatisfy(\.isValid) }
}

extension String {
    /// Bytes as text, with a U+FFFD for each byte that is not part of a character.
    init(decodingAsGo bytes: [UInt8]) {
        self.init(String.UnicodeScalarView(GoRunes(bytes).map(\.scalar)))
    }
}

extension Unicode.Scalar {
    /// Whether the character is a letter (Unicode L).
    var isLetter: Bool {
        if isASCII { return ("a"..."z").contains(self) || ("A"..."Z").contains(self) }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return true
        default: return false
        }
    }

    /// Whether the character is a decimal digit (Unicode Nd).
    var isDecimalDigit: Bool {
        isASCII ? ("0"..."9").contains(self) : properties.generalCategory == .decimalNumber
    }

    /// Whether Go prints the character as it is: letters, marks, numbers, punctuation, symbols and the ASCII space.
    var isGoPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        case .spaceSeparator: self == " "
        default: true
        }
    }
}
