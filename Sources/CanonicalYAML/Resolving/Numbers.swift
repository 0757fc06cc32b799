extension YAMLValue {
    /// The integer that `text` spells in Go's syntax: `0x`, `0o` and `0b` prefixes, and a leading `0` for octal. Nil if it
    /// spells none, or one that fits neither `Int64` nor `UInt64`.
    init?(integer text: [UInt8]) {
        switch text.first {
        case UInt8(ascii: "-"):
            guard let magnitude = Self.magnitude(text.dropFirst()), magnitude <= 1 << 63 else { return nil }
            self = .int(Int64(truncatingIfNeeded: 0 &- magnitude))
        case UInt8(ascii: "+"):
            guard let magnitude = Self.magnitude(text.dropFirst()), let value = Int64(exactly: magnitude) else {
                return nil
            }
            self = .int(value)
        default:
            guard let magnitude = Self.magnitude(text[...]) else { return nil }
            self = Int64(exactly: magnitude).map(YAMLValue.int) ?? .uint(magnitude)
        }
    }

    private static func magnitude(_ text: ArraySlice<UInt8>) -> UInt64? {
        guard let first = text.first else { return nil }
        var base: UInt64 = 10
        var digits = text
        if first == UInt8(ascii: "0") {
            // A prefix needs a digit behind it; without one, the rest is read as octal and refused.
            switch text.count >= 3 ? text[text.startIndex + 1] | 0x20 : 0 {
            case UInt8(ascii: "x"): (base, digits) = (16, text.dropFirst(2))
            case UInt8(ascii: "o"): (base, digits) = (8, text.dropFirst(2))
            case UInt8(ascii: "b"): (base, digits) = (2, text.dropFirst(2))
            default: (base, digits) = (8, text.dropFirst())
            }
        }
        var result: UInt64 = 0
        for byte in digits {
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte - UInt8(ascii: "A")) + 10
            default: return nil
            }
            let (product, tooLong) = result.multipliedReportingOverflow(by: base)
            let (sum, tooLarge) = product.addingReportingOverflow(digit)
            guard digit < base, !tooLong, !tooLarge else { return nil }
            result = sum
        }
        return result
    }
}

extension Double {
    /// The number that `text` spells as YAML does: an optional sign, `.digits` or `digits[.digits]`, and an optional
    /// exponent. Nil if it spells none, or one that is too large.
    init?(yamlFloat text: [UInt8]) {
        var scanner = DigitScanner(text)
        scanner.skipSign()
        let whole = scanner.skipDigits()
        if scanner.skip(UInt8(ascii: ".")) {
            let fraction = scanner.skipDigits()
            guard whole > 0 || fraction > 0 else { return nil }
        } else if whole == 0 {
            return nil
        }
        if scanner.skip(UInt8(ascii: "e")) || scanner.skip(UInt8(ascii: "E")) {
            scanner.skipSign()
            guard scanner.skipDigits() > 0 else { return nil }
        }
        guard scanner.isAtEnd else { return nil }
        self.init(finite: text)
    }

    /// The number that `text`, which begins with a point, spells in Go's syntax: single underscores may stand between
    /// digits. Nil if it spells none, or one that is too large.
    init?(goFraction text: [UInt8]) {
        let underscore = UInt8(ascii: "_")
        for (index, byte) in text.enumerated() where byte == underscore {
            guard index > 0, index + 1 < text.count, DigitScanner.isDigit(text[index - 1]),
                DigitScanner.isDigit(text[index + 1])
            else { return nil }
        }
        self.init(yamlFloat: text.filter { $0 != underscore })
    }

    /// A number from text that is known to be decimal; nil when it is too large for a number.
    private init?(finite text: [UInt8]) {
        guard let number = Double(String(decoding: text, as: UTF8.self)), number.isFinite else { return nil }
        self = number
    }
}

/// Walks over the parts of a decimal number.
private struct DigitScanner {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    mutating func skipSign() {
        if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
    }

    mutating func skipDigits() -> Int {
        let before = rest.count
        rest = rest.drop(while: Self.isDigit)
        return before - rest.count
    }
}
