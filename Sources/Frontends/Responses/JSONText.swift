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
    var document: String { String(decoding: bytes, as: UTF8.self) }

    /// The document in UTF-8, with its final newline.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .string(let value): Self.write(value, to: &bytes)
        case .integer(let value): bytes += String(value).utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .null: bytes += "null".utf8
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, (name, value)) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            // Most of a text goes as it is, in runs.
            var start = 0
            var index = 0
            while index < text.count {
                guard let (escape, length) = escape(text, at: index) else {
                    index += 1
                    continue
                }
                bytes += text[start..<index]
                bytes += escape.utf8
                index += length
                start = index
            }
            bytes += text[start...]
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// What stands for the character that begins at `index` and how many bytes it has; nil if it stands for itself.
    private static func escape(_ text: UnsafeBufferPointer<UInt8>, at index: Int) -> (String, length: Int)? {
        switch text[index] {
        case UInt8(ascii: "\""): return ("\\\"", 1)
        case UInt8(ascii: "\\"): return ("\\\\", 1)
        case UInt8(ascii: "\n"): return ("\\n", 1)
        case UInt8(ascii: "\r"): return ("\\r", 1)
        case UInt8(ascii: "\t"): return ("\\t", 1)
        case 0x08: return ("\\b", 1)
        case 0x0c: return ("\\f", 1)
        case UInt8(ascii: "<"): return ("\\u003c", 1)
        case UInt8(ascii: ">"): return ("\\u003e", 1)
        case UInt8(ascii: "&"): return ("\\u0026", 1)
        case 0..<0x10: return ("\\u000" + String(text[index], radix: 16), 1)
        case 0x10..<0x20: return ("\\u00" + String(text[index], radix: 16), 1)
        // U+2028 and U+2029. A String's UTF-8 is whole, so the bytes of a character are all there.
        case 0xe2 where index + 2 < text.count && text[index + 1] == 0x80 && text[index + 2] & 0xfe == 0xa8:
            return (text[index + 2] == 0xa8 ? "\\u2028" : "\\u2029", 3)
        default: return nil
        }
    }
}

extension Response {
    /// A JSON document.
    static func json(_ value: JSONText, status: HTTPResponse.Status = .ok) -> Response {
        .text(value.document, type: "application/json", status: status)
    }
}
