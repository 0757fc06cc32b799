import Bytes

extension JSONValue {
    /// Reads one JSON text (RFC 8259), within `limits`.
    public init(decoding bytes: ArraySlice<UInt8>, limits: JSONLimits = .standard) throws(JSONError) {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(
                position: 0, reason: "\(bytes.count) bytes are more than the \(limits.maximumBytes) allowed")
        }
        var reader = JSONReader(bytes: bytes, limits: limits)
        self = try reader.text()
    }
}

/// Recursive descent over a slice; recursion is as deep as `limits.maximumDepth` and no deeper.
private struct JSONReader {
    let bytes: ArraySlice<UInt8>
    let limits: JSONLimits
    var index: Int
    var values = 0

    init(bytes: ArraySlice<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
        index = bytes.startIndex
    }

    var next: UInt8? { index < bytes.endIndex ? bytes[index] : nil }

    func fault(_ reason: String) -> JSONError { JSONError(position: index - bytes.startIndex, reason: reason) }

    mutating func text() throws(JSONError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw fault("something follows the value") }
        return value
    }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.maximumValues else { throw fault("more than \(limits.maximumValues) values") }
        guard depth <= limits.maximumDepth else { throw fault("nested deeper than \(limits.maximumDepth)") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case nil: throw fault("the text ends where a value should be")
        default: return try number()
        }
    }

    mutating func literal(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw fault("not a value") }
        index += word.utf8.count
        return value
    }

    mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        index += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw fault("a list goes on with ',' or ends with ']'") }
        }
    }

    mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        index += 1
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault("a member begins with its name in quotes") }
            let name = try string()
            guard names.insert(name).inserted else { throw fault("the name '\(name.prefix(64))' occurs twice") }
            skipSpace()
            guard take(":") else { throw fault("a member's name is followed by ':'") }
            members.append(.init(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw fault("an object goes on with ',' or ends with '}'") }
        }
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
        _ = take("-")
        guard isDigit(next) else { throw fault("not a value") }
        if !take("0") { while isDigit(next) { index += 1 } }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard isDigit(next) else { throw fault("a fraction needs a digit") }
            while isDigit(next) { index += 1 }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard isDigit(next) else { throw fault("an exponent needs a digit") }
            while isDigit(next) { index += 1 }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    mutating func string() throws(JSONError) -> String {
        index += 1
        var text: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw fault("a string is not UTF-8") }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: try escape())
            case 0..<0x20: throw fault("a control character stands in a string")
            default: text.append(byte)
            }
        }
        throw fault("a string does not end")
    }

    mutating func escape() throws(JSONError) -> [UInt8] {
        guard let byte = next else { throw fault("a string does not end") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0c]
        case UInt8(ascii: "n"): return [0x0a]
        case UInt8(ascii: "r"): return [0x0d]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return Array(String(Character(try escapedScalar())).utf8)
        default: throw fault("no such escape in a string")
        }
    }

    /// The character behind `\u`, which takes two escapes outside the basic plane. A half without its other half reads as
    /// U+FFFD, as Go's decoder does.
    mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let first = try escapedUnit()
        guard (0xd800...0xdbff).contains(first) else { return Unicode.Scalar(first) ?? "\u{fffd}" }
        let mark = index
        guard take("\\"), take("u") else {
            index = mark
            return "\u{fffd}"
        }
        let second = try escapedUnit()
        guard (0xdc00...0xdfff).contains(second) else {
            index = mark
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
    }

    mutating func escapedUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next?.hexadecimalDigit else { throw fault("'\\u' needs four hexadecimal digits") }
            unit = unit << 4 | UInt32(digit)
            index += 1
        }
        return unit
    }
}
