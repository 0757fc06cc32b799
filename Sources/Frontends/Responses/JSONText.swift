import HTTPTypes
import HummingbirdCore

/// JSON as Go's encoder writes it, byte for byte: keys in the order given, `<`, `>`, `&` and the two Unicode line separators
/// escaped, a newline at the end of a document. Clients of Image Factory compare such bodies.
indirect enum JSONText {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case null
    case array([JSONText])
    case object([(String, JSONText)])

    /// The document, with its final newline.
    var document: String {
        var text = ""
        write(to: &text)
        return text + "\n"
    }

    private func write(to text: inout String) {
        switch self {
        case .string(let value): Self.write(value, to: &text)
        case .integer(let value): text += String(value)
        case .boolean(let value): text += value ? "true" : "false"
        case .null: text += "null"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(name, to: &text)
                text += ":"
                value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case "<", ">", "&", "\u{2028}", "\u{2029}": text += escape(scalar)
            case "\u{0}"..<" ": text += escape(scalar)
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}

extension Response {
    /// A JSON document.
    static func json(_ value: JSONText, status: HTTPResponse.Status = .ok) -> Response {
        .text(value.document, type: "application/json", status: status)
    }
}
