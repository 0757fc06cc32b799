/// Settings as text: each as it is in force, and where it comes from.
public struct SettingsListing: Sendable {
    /// One value.
    public struct Entry: Hashable, Sendable, Encodable {
        /// The keys that lead to it in the settings file, with dots between them.
        public let name: String
        /// The value: nothing, one text, or a list.
        public let value: Value
        /// Where it comes from, as in `default`, `/etc/slipway/slipway.yaml:3:9`, `SLIPWAY_HTTP_PORT` or `--http-port`.
        public let origin: String

        /// Whether somebody has set it.
        public let isGiven: Bool

        fileprivate let path: [String]
    }

    /// What is written behind a key.
    public enum Value: Hashable, Sendable, Encodable, CustomStringConvertible {
        case none
        case one(String)
        case list([String])

        /// As YAML has it.
        public var description: String { SettingsListing.yaml(self) }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .none: try container.encodeNil()
            case .one(let text): try container.encode(text)
            case .list(let texts): try container.encode(texts)
            }
        }
    }

    /// Every value, in the order of the documentation.
    public let entries: [Entry]

    /// The values of settings.
    public init(_ settings: ApplianceSettings) {
        entries = ApplianceSettings.all.flatMap { place in
            let setting = place.setting(settings)
            let path = place.declaration.path
            let texts = setting.texts
            func entry(_ path: [String], _ value: Value, of name: String? = nil) -> Entry {
                let origin = setting.origin(of: name)
                return Entry(
                    name: path.joined(separator: "."), value: value, origin: origin.description,
                    isGiven: origin != .usual, path: path)
            }
            switch place.declaration.shape {
            case .one, .oneOrNone: return [entry(path, texts.first.map { .one($0.text) } ?? .none)]
            case .list: return [entry(path, .list(texts.map(\.text)))]
            case .named:
                return texts.map { text in
                    entry(
                        path.map { $0 == "*" ? text.name ?? $0 : $0 },
                        .one(place.declaration.isSecret ? "(hidden)" : text.text), of: text.name)
                }
            }
        }
    }

    /// A settings file with these values, each with a comment that says where it comes from.
    public var text: String { Self.text(lines.map { ($0.text, $0.origin) }) }

    /// The same without the comments.
    var plainText: String { lines.map { $0.text + "\n" }.joined() }

    private var lines: [(text: String, origin: String?)] {
        var lines: [(text: String, origin: String?)] = []
        var before: [String] = []
        // What belongs to one thing stands together.
        let ordered =
            entries.filter { $0.path.count < 3 } + entries.filter { $0.path.count > 2 }.groupedByPlace()
        for entry in ordered {
            let path = entry.path
            let common = zip(path.dropLast(), before.dropLast()).prefix { $0 == $1 }.count
            for depth in common..<path.count - 1 {
                lines.append((String(repeating: "  ", count: depth) + "\(Self.scalar(path[depth])):", nil))
            }
            let indentation = String(repeating: "  ", count: path.count - 1)
            lines.append(("\(indentation)\(path[path.count - 1]): \(Self.yaml(entry.value))", entry.origin))
            before = path
        }
        return lines
    }

    private static func text(_ lines: [(text: String, origin: String?)]) -> String {
        // Long values must not push the comments of all the others away.
        let width = min(48, lines.map(\.text.utf8.count).max() ?? 0)
        return lines.map { text, origin in
            guard let origin else { return text + "\n" }
            return text + String(repeating: " ", count: max(0, width - text.utf8.count)) + "  # \(origin)\n"
        }.joined()
    }

    private static func yaml(_ value: Value) -> String {
        switch value {
        case .none: "null"
        case .one(let text): scalar(text)
        case .list(let texts): "[\(texts.map(scalar).joined(separator: ", "))]"
        }
    }

    /// A text as YAML has it: plain where that is read as the same text, otherwise in quotes.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && !["null", "Null", "NULL"].contains(text)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                case UInt8(ascii: "-"), UInt8(ascii: ":"): true
                default: false
                }
            } && text.utf8.first != UInt8(ascii: "-") && text.utf8.first != UInt8(ascii: ":")
            && text.utf8.last != UInt8(ascii: ":")
        if isPlain { return text }
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": "\\\(scalar)"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || isFormat(scalar):
                "\\U" + hexadecimal(scalar.value)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }

    /// Whether a character is not seen, or changes how others are.
    private static func isFormat(_ scalar: Unicode.Scalar) -> Bool {
        [.format, .lineSeparator, .paragraphSeparator, .spaceSeparator].contains(scalar.properties.generalCategory)
            && scalar != " "
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension SettingsListing.Entry {
    private enum CodingKeys: String, CodingKey {
        case name, value, origin
    }
}

extension [SettingsListing.Entry] {
    /// With those of one thing behind one another, in the order in which things come first.
    fileprivate func groupedByPlace() -> [SettingsListing.Entry] {
        let places = map { Array<String>($0.path.prefix(2)) }
        var order: [[String]: Int] = [:]
        for place in places where order[place] == nil { order[place] = order.count }
        return indices.sorted { (order[places[$0]] ?? 0, $0) < (order[places[$1]] ?? 0, $1) }.map { self[$0] }
    }
}
