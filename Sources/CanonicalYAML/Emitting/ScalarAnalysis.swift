/// Character classes of the emitter, over valid UTF-8.
enum EmitterCharacter {
    static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\r", "\n", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" }

    /// Whether the character is printed as it is. A tab, a carriage return and everything beyond U+FFFF are not.
    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xa, 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd: true
        default: false
        }
    }
}

/// Which styles a scalar's text allows.
struct ScalarAnalysis {
    /// Whether the text has a line break of any kind.
    private(set) var isMultiline = false
    /// Whether it can be printed without quotes.
    private(set) var allowsPlain = true
    /// Whether it can be printed in single quotes.
    private(set) var allowsSingleQuoted = true
    /// Whether it can be printed as a literal block.
    private(set) var allowsLiteral = true

    /// Looks at valid UTF-8.
    init(_ scalars: [Unicode.Scalar]) {
        guard let first = scalars.first, let last = scalars.last else {
            allowsLiteral = false
            return
        }
        var (hasSpecial, hasTab, hasBreakThenSpace, hasSpaceThenBreak) = (false, false, false, false)
        var hasIndicator = scalars.starts(with: ["-", "-", "-"]) || scalars.starts(with: [".", ".", "."])
        hasIndicator = hasIndicator || Self.isIndicator(first, next: scalars.dropFirst().first)
        var previous: Unicode.Scalar?
        for (index, scalar) in scalars.enumerated() {
            if let previous {
                let next = index + 1 < scalars.count ? scalars[index + 1] : nil
                if scalar == ":", next.map(EmitterCharacter.isBlank) ?? true { hasIndicator = true }
                if scalar == "#", EmitterCharacter.isBlank(previous) || EmitterCharacter.isBreak(previous) {
                    hasIndicator = true
                }
                if scalar == " ", EmitterCharacter.isBreak(previous) { hasBreakThenSpace = true }
                if previous == " ", EmitterCharacter.isBreak(scalar) { hasSpaceThenBreak = true }
            }
            if scalar == "\t" { hasTab = true } else if !EmitterCharacter.isPrintable(scalar) { hasSpecial = true }
            if EmitterCharacter.isBreak(scalar) { isMultiline = true }
            previous = scalar
        }
        allowsSingleQuoted = !hasBreakThenSpace && !hasSpaceThenBreak && !hasTab && !hasSpecial
        allowsLiteral = last != " " && !hasSpaceThenBreak && !hasSpecial
        allowsPlain = allowsSingleQuoted && !hasIndicator && !isMultiline && first != " " && last != " "
    }

    /// Whether the first character means something to YAML.
    private static func isIndicator(_ first: Unicode.Scalar, next: Unicode.Scalar?) -> Bool {
        switch first {
        case "#", ",", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`": true
        case "?", ":", "-": next.map(EmitterCharacter.isBlank) ?? true
        default: false
        }
    }
}
