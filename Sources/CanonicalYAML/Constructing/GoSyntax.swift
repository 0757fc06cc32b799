/// Values as Go's `%#v` prints them, for the two error texts that show them.
enum GoSyntax {
    /// A string in double quotes.
    static func quoted(_ bytes: [UInt8]) -> String {
        var result = "\""
        var rest = bytes[...]
        for (scalar, isValid) in GoRunes(bytes) {
            let byte = rest.first ?? 0
            rest = rest.dropFirst(isValid ? UTF8.width(scalar) : 1)
            switch scalar {
            case _ where !isValid: result += "\\x" + hexadecimal(UInt32(byte), 2)
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{7}": result += "\\a"
            case "\u{8}": result += "\\b"
            case "\u{c}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{b}": result += "\\v"
            case _ where scalar.isGoPrintable: result.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += "\\x" + hexadecimal(scalar.value, 2)
            case _ where scalar.value < 0x10000: result += "\\u" + hexadecimal(scalar.value, 4)
            default: result += "\\U" + hexadecimal(scalar.value, 8)
            }
        }
        return result + "\""
    }

    /// A value with its type.
    static func literal(_ value: YAMLValue, hasOnlyStringKeys: Bool? = nil) -> String {
        switch value {
        case .null: return "interface {}(nil)"
        case .bool(let flag): return flag ? "true" : "false"
        case .int(let number): return String(number)
        case .uint(let number): return "0x" + String(number, radix: 16)
        case .float(let number) where number.isNaN: return "NaN"
        case .float(let number) where number.isInfinite: return number < 0 ? "-Inf" : "+Inf"
        case .float(let number): return number.shortestGoText
        case .string(let bytes): return quoted(bytes)
        case .timestamp(let time): return literal(time)
        case .sequence(let elements):
            return typeName(value) + "{" + elements.map { literal($0) }.joined(separator: ", ") + "}"
        case .mapping(let pairs):
            let sorted = pairs.sorted { precedes($0.key, $1.key) }
            let entries = sorted.map { "\(literal($0.key)):\(literal($0.value))" }
            return typeName(value, hasOnlyStringKeys) + "{" + entries.joined(separator: ", ") + "}"
        }
    }

    /// The Go type of a collection that was decoded without a type to go by.
    static func typeName(_ value: YAMLValue, _ hasOnlyStringKeys: Bool? = nil) -> String {
        guard case .mapping(let pairs) = value else { return "[]interface {}" }
        let isStringKeyed =
            hasOnlyStringKeys
            ?? pairs.allSatisfy { pair in
                if case .string = pair.key { true } else { false }
            }
        return isStringKeyed ? "map[string]interface {}" : "map[interface {}]interface {}"
    }

    /// The order in which a map is shown: text by its bytes. Between types Go's order is that of their places in memory.
    private static func precedes(_ left: YAMLValue, _ right: YAMLValue) -> Bool {
        if case .string(let left) = left, case .string(let right) = right {
            return left.lexicographicallyPrecedes(right)
        }
        return KeyOrder.precedes(KeyOrder.Key(left), KeyOrder.Key(right))
    }

    private static func literal(_ time: Timestamp) -> String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let month = months.indices.contains(time.month - 1) ? months[time.month - 1] : "Month(\(time.month))"
        let zone: String
        switch time.zone {
        case .utc: zone = "time.UTC"
        case .offset(0): zone = "time.Local"
        case .offset: zone = "time.Location(\"\")"
        }
        return "time.Date(\(time.year), time.\(month), \(time.day), \(time.hour), \(time.minute), \(time.second), "
            + "\(time.nanosecond), \(zone))"
    }

    private static func hexadecimal(_ value: UInt32, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
