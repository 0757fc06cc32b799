/// What the text of a scalar means: a tag, and the value in that type.
///
/// The rules are go-yaml's mixture of YAML 1.1 and 1.2, which no schema of either specification describes: `yes` is a
/// string, `010` is octal, and `2001-1-1` is a time.
struct ResolvedScalar {
    /// The short tag of the type.
    var tag: String
    /// The value; a scalar that is no other type is its text.
    var value: YAMLValue

    private init(_ tag: String, _ value: YAMLValue) {
        self.tag = tag
        self.value = value
    }

    /// What a plain scalar without a tag means.
    init(plain text: [UInt8]) { self = Self.inferred(from: text, allowingTimestamps: true) }

    /// What a scalar means under an explicit tag, empty for none.
    ///
    /// - Throws: a resolver error when the tag demands a type that the text does not have.
    init(tag: String, text: [UInt8]) throws(LoadError) {
        guard StandardTag.isResolvable(tag), tag != StandardTag.string else {
            self.init(tag, .string(text))
            return
        }
        let found = Self.inferred(from: text, allowingTimestamps: tag.isEmpty || tag == StandardTag.timestamp)
        if tag.isEmpty || tag == found.tag {
            self = found
        } else if tag == StandardTag.float, case .int(let value) = found.value {
            self.init(StandardTag.float, .float(Double(value)))
        } else {
            let message = "cannot construct \(found.tag) `\(String(decodingAsGo: text))` as a \(tag)"
            throw LoadError(stage: .resolver, message: message)
        }
    }

    private static func inferred(from text: [UInt8], allowingTimestamps: Bool) -> ResolvedScalar {
        let string = ResolvedScalar(StandardTag.string, .string(text))
        guard let first = text.first else { return ResolvedScalar(StandardTag.null, .null) }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            if let constant = constant(text) { return constant }
            if allowingTimestamps, let time = Timestamp(parsing: text) {
                return ResolvedScalar(StandardTag.timestamp, .timestamp(time))
            }
            let digits = text.filter { $0 != UInt8(ascii: "_") }
            if let integer = YAMLValue(integer: digits) { return ResolvedScalar(StandardTag.int, integer) }
            if let number = Double(yamlFloat: digits) { return ResolvedScalar(StandardTag.float, .float(number)) }
            return string
        case UInt8(ascii: "."):
            if let constant = constant(text) { return constant }
            if let number = Double(goFraction: text) { return ResolvedScalar(StandardTag.float, .float(number)) }
            return string
        default:
            return constant(text) ?? string
        }
    }

    /// The scalars that are known by their whole text.
    private static func constant(_ text: [UInt8]) -> ResolvedScalar? {
        guard text.count <= 5, let first = text.first, "~tTfFnN.+-<".utf8.contains(first) else { return nil }
        switch String(decoding: text, as: UTF8.self) {
        case "true", "True", "TRUE": return ResolvedScalar(StandardTag.bool, .bool(true))
        case "false", "False", "FALSE": return ResolvedScalar(StandardTag.bool, .bool(false))
        case "~", "null", "Null", "NULL": return ResolvedScalar(StandardTag.null, .null)
        case ".nan", ".NaN", ".NAN": return ResolvedScalar(StandardTag.float, .float(.nan))
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
            return ResolvedScalar(StandardTag.float, .float(.infinity))
        case "-.inf", "-.Inf", "-.INF": return ResolvedScalar(StandardTag.float, .float(-.infinity))
        case "-0", "-0.0": return ResolvedScalar(StandardTag.float, .float(-0.0))
        case "<<": return ResolvedScalar(StandardTag.merge, .string(text))
        default: return nil
        }
    }
}
