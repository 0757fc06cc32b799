extension Emitter {
    mutating func writeScalar(_ presentation: ScalarPresentation, asSimpleKey: Bool) {
        let scalars = GoRunes(presentation.text).map(\.scalar)
        let style = Self.style(presentation, ScalarAnalysis(scalars), asSimpleKey: asSimpleKey)
        if let suffix = presentation.tagSuffix {
            separate()
            for scalar in "!!\(suffix)".unicodeScalars { put(scalar) }
            isAfterWhitespace = false
            isInIndentation = false
        }
        switch style {
        case .plain: writePlain(scalars, mayBreak: !asSimpleKey)
        case .singleQuoted: writeSingleQuoted(scalars, mayBreak: !asSimpleKey)
        case .doubleQuoted, .folded: writeDoubleQuoted(scalars, mayBreak: !asSimpleKey)
        case .literal: writeLiteral(scalars)
        }
    }

    /// The style that was asked for or, where the text forbids it, the next one that can hold it.
    private static func style(
        _ presentation: ScalarPresentation, _ analysis: ScalarAnalysis, asSimpleKey: Bool
    ) -> Node.Style {
        var style = presentation.style
        if asSimpleKey && analysis.isMultiline { style = .doubleQuoted }
        if style == .plain, !analysis.allowsPlain || presentation.text.isEmpty && asSimpleKey { style = .singleQuoted }
        if style == .singleQuoted, !analysis.allowsSingleQuoted { style = .doubleQuoted }
        if style == .literal, !analysis.allowsLiteral || asSimpleKey { style = .doubleQuoted }
        return style
    }

    private mutating func writePlain(_ scalars: [Unicode.Scalar], mayBreak: Bool) {
        if !scalars.isEmpty { separate() }
        writeFlowing(scalars, mayBreak: mayBreak, quoted: false)
        if !scalars.isEmpty { isAfterWhitespace = false }
        isInIndentation = false
    }

    private mutating func writeSingleQuoted(_ scalars: [Unicode.Scalar], mayBreak: Bool) {
        writeIndicator("'", needsSpace: true)
        writeFlowing(scalars, mayBreak: mayBreak, quoted: true)
        writeIndicator("'")
        isInIndentation = false
    }

    /// Plain or single-quoted text. A lone blank becomes a line break once the line is too long; a line break of the text
    /// is followed by the indentation.
    private mutating func writeFlowing(_ scalars: [Unicode.Scalar], mayBreak: Bool, quoted: Bool) {
        var (isAfterSpaces, isAfterBreaks) = (false, false)
        for (index, scalar) in scalars.enumerated() {
            if scalar == " " {
                let isInside = !quoted || index > 0 && index < scalars.count - 1
                let isLone = index + 1 >= scalars.count || scalars[index + 1] != " "
                if mayBreak, !isAfterSpaces, column > width, isInside, isLone {
                    writeIndent()
                } else {
                    put(scalar)
                }
                isAfterSpaces = true
            } else if EmitterCharacter.isBreak(scalar) {
                if !isAfterBreaks && scalar == "\n" { putLineBreak() }
                writeBreak(scalar)
                isAfterBreaks = true
            } else {
                if isAfterBreaks { writeIndent() }
                if quoted && scalar == "'" { put("'") }
                put(scalar)
                isInIndentation = false
                (isAfterSpaces, isAfterBreaks) = (false, false)
            }
        }
    }

    private mutating func writeDoubleQuoted(_ scalars: [Unicode.Scalar], mayBreak: Bool) {
        writeIndicator("\"", needsSpace: true)
        // go-yaml looks for a byte order mark at the head of the text whatever character it is at, so one there escapes
        // them all.
        let escapesAll = scalars.first == "\u{feff}"
        var isAfterSpaces = false
        for (index, scalar) in scalars.enumerated() {
            if escapesAll || !EmitterCharacter.isPrintable(scalar) || EmitterCharacter.isBreak(scalar) || scalar == "\""
                || scalar == "\\"
            {
                writeEscaped(scalar)
                isAfterSpaces = false
            } else if scalar == " " {
                if mayBreak, !isAfterSpaces, column > width, index > 0, index < scalars.count - 1 {
                    writeIndent()
                    if scalars[index + 1] == " " { put("\\") }
                } else {
                    put(scalar)
                }
                isAfterSpaces = true
            } else {
                put(scalar)
                isAfterSpaces = false
            }
        }
        writeIndicator("\"")
        isInIndentation = false
    }

    private mutating func writeEscaped(_ scalar: Unicode.Scalar) {
        put("\\")
        switch scalar.value {
        case 0x00: put("0")
        case 0x07: put("a")
        case 0x08: put("b")
        case 0x09: put("t")
        case 0x0a: put("n")
        case 0x0b: put("v")
        case 0x0c: put("f")
        case 0x0d: put("r")
        case 0x1b: put("e")
        case 0x22: put("\"")
        case 0x5c: put("\\")
        case 0x85: put("N")
        case 0xa0: put("_")
        case 0x2028: put("L")
        case 0x2029: put("P")
        default:
            let (letter, digits): (Unicode.Scalar, Int) =
                scalar.value <= 0xff ? ("x", 2) : scalar.value <= 0xffff ? ("u", 4) : ("U", 8)
            put(letter)
            for shift in stride(from: (digits - 1) * 4, through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: scalar.value >> UInt32(shift)) & 15
                put(Unicode.Scalar(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10))
            }
        }
    }

    private mutating func writeLiteral(_ scalars: [Unicode.Scalar]) {
        writeIndicator("|", needsSpace: true)
        // The digit is the indentation step whatever the indentation is, so that go-yaml misreads its own text where the
        // step is two. The ID is the hash of that text all the same.
        if scalars.first == " " { writeIndicator("4") }
        let trailingBreaks = scalars.reversed().prefix(2).prefix(while: EmitterCharacter.isBreak).count
        if trailingBreaks == 0 {
            writeIndicator("-")
        } else if trailingBreaks == 2 || scalars.count == 1 {
            writeIndicator("+")
        }
        putLineBreak()
        isAfterWhitespace = true
        var isAfterBreaks = true
        for scalar in scalars {
            if EmitterCharacter.isBreak(scalar) {
                writeBreak(scalar)
                isAfterBreaks = true
            } else {
                if isAfterBreaks { writeIndent() }
                put(scalar)
                isInIndentation = false
                isAfterBreaks = false
            }
        }
    }
}
