/// How a scalar is to be printed: its text, the tag that must be written before it, and the style that was asked for.
struct ScalarPresentation {
    var text: [UInt8]
    /// The suffix of a tag that cannot be left out: "binary" for `!!binary`.
    var tagSuffix: String?
    var style: Node.Style = .plain

    /// The style of strings that only YAML 1.1 would not read as strings: `yes`, `12:30`, `<<`.
    ///
    /// go-yaml v4.0.0-rc.6 prints them in single quotes; its proposed change 380 prints them in double quotes. The day
    /// Image Factory takes that change, this is the line to follow it with; every such schematic then gets a new ID.
    static let styleOfOldYAML: Node.Style = .singleQuoted

    /// How `value`, which is not a collection, is printed.
    init(_ value: YAMLValue) {
        switch value {
        case .null: self.init(plain: "null")
        case .bool(let flag): self.init(plain: flag ? "true" : "false")
        case .int(let number): self.init(plain: String(number))
        case .uint(let number): self.init(plain: String(number))
        case .float(let number): self.init(plain: Self.text(number))
        case .timestamp(let time):
            self.init(plain: time.description)
            // An offset of 24:60 becomes 25:00, which does not read as a time any more.
            if Timestamp(parsing: text) == nil { tagSuffix = "timestamp" }
        case .string(let bytes): self.init(string: bytes)
        case .sequence, .mapping: self.init(plain: "")
        }
    }

    private init(plain text: String) { self.text = Array(text.utf8) }

    private init(string bytes: [UInt8]) {
        text = bytes
        if !bytes.isUTF8 {
            text = Base64.encode(bytes)
            tagSuffix = "binary"
        }
        if text.contains(UInt8(ascii: "\n")) {
            style = Self.deservesLiteral(text) ? .literal : .doubleQuoted
        } else if tagSuffix == nil {
            if OldYAML.isSpecial(text) {
                style = Self.styleOfOldYAML
            } else if ResolvedScalar(plain: text).tag != StandardTag.string {
                style = .doubleQuoted
            }
        }
    }

    private static func text(_ number: Double) -> String {
        if number.isNaN { return ".nan" }
        if number.isInfinite { return number < 0 ? "-.inf" : ".inf" }
        return number.shortestGoText
    }

    /// Whether text of several lines has anything to read in it.
    private static func deservesLiteral(_ text: [UInt8]) -> Bool {
        text.count >= 2 && GoRunes(text).contains { !$0.scalar.properties.isWhitespace }
    }
}

/// Strings that YAML 1.1 reads as something else, and YAML 1.2 does not.
enum OldYAML {
    /// Whether `text` is an old truth value, a merge key or a number in base 60.
    static func isSpecial(_ text: [UInt8]) -> Bool {
        guard text.count <= 3, let first = text.first, "yYnNoO<".utf8.contains(first) else { return isBase60(text) }
        switch String(decoding: text, as: UTF8.self) {
        case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF", "<<":
            return true
        default:
            return false
        }
    }

    /// Whether `text` has the form `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`.
    private static func isBase60(_ text: [UInt8]) -> Bool {
        func isDigit(_ byte: UInt8?) -> Bool { byte.map((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) ?? false }
        func isDigitOrUnderscore(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "_") }
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard isDigit(rest.first) else { return false }
        rest = rest.drop(while: isDigitOrUnderscore)
        guard rest.first == UInt8(ascii: ":") else { return false }
        while rest.first == UInt8(ascii: ":") {
            rest.removeFirst()
            guard let first = rest.popFirst(), isDigit(first) else { return false }
            if isDigit(rest.first) {
                guard first <= UInt8(ascii: "5") else { return false }
                rest.removeFirst()
            }
        }
        if rest.first == UInt8(ascii: ".") { rest = rest.dropFirst().drop(while: isDigitOrUnderscore) }
        return rest.isEmpty
    }
}
