extension ConfigurationNode {
    /// The node as a YAML document of its own, on one line.
    ///
    /// Whoever decodes it must find the same values: what was quoted stays quoted, tags stay, and a plain scalar stays
    /// plain as far as it could be anything but text (a number, a date, null). Other plain text is quoted, because it
    /// may hold characters that mean something inside brackets.
    var flowText: [UInt8] { Array((flow + "\n").utf8) }

    private var flow: String {
        let prefix = tag.map { "!<\($0)> " } ?? ""
        switch content {
        case .scalar(let text, let isPlain):
            return prefix + (isPlain && text.mayBePlain ? text : text.doubleQuoted)
        case .sequence(let items):
            return prefix + "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let pairs):
            // "? " because a key may be longer than the 1024 characters that an implicit one may have.
            return prefix + "{" + pairs.map { "? \($0.key.flow) : \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }
}

extension String {
    fileprivate var mayBePlain: Bool {
        guard let last = utf8.last, last != UInt8(ascii: ":"), self != "-", !hasPrefix("- ") else { return false }
        return !contains(": ")
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    true
                case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"),
                    UInt8(ascii: "~"), UInt8(ascii: "<"), UInt8(ascii: "="), UInt8(ascii: " "):
                    true
                default: false
                }
            }
    }

    fileprivate var doubleQuoted: String {
        var quoted = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case " "..."~": quoted.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\U" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
            }
        }
        return quoted + "\""
    }
}
