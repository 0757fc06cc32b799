extension String {
    /// The text in quotation marks, escaped as Go's `%q` does, which clients of the original service compare with. What
    /// is left of more than 1024 characters is an ellipsis: it may be all that a stranger sent.
    package var goQuoted: String {
        var quoted = "\""
        for (index, scalar) in unicodeScalars.enumerated() {
            guard index < 1024 else {
                quoted += "…"
                break
            }
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\u{07}": quoted += "\\a"
            case "\u{08}": quoted += "\\b"
            case "\u{0c}": quoted += "\\f"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0b}": quoted += "\\v"
            case " ": quoted += " "
            case _ where scalar.isPrintable: quoted.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x80: quoted += "\\x" + scalar.hexadecimal(digits: 2)
            case _ where scalar.value < 0x10000: quoted += "\\u" + scalar.hexadecimal(digits: 4)
            default: quoted += "\\U" + scalar.hexadecimal(digits: 8)
            }
        }
        return quoted + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator,
            .paragraphSeparator:
            false
        default: true
        }
    }

    fileprivate func hexadecimal(digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
