/// Text that may hold anything a stranger wrote, for a terminal or a line of a log: what would act on a terminal or begin a line
/// of its own is shown as an escape instead.
public enum TerminalText {
    /// One line: line breaks are escaped too, since one in a stranger's text would forge a line.
    public static func line(_ text: String) -> String { escaped(text, keeping: "") }

    /// Several lines, as this program has laid them out.
    public static func lines(_ text: String) -> String { escaped(text, keeping: "\n\t") }

    /// A JSON text: its own escapes, so that it stays the same document.
    public static func json(_ text: String) -> String {
        escaped(text, keeping: "\n") { scalar in
            UTF16.encode(scalar)?.map { "\\u" + String(0x10000 | UInt32($0), radix: 16).dropFirst() }.joined() ?? ""
        }
    }

    private static func escaped(
        _ text: String, keeping kept: String,
        _ escape: (Unicode.Scalar) -> String = { "\\u{\(String($0.value, radix: 16))}" }
    ) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if !scalar.actsOnTerminal || kept.unicodeScalars.contains(scalar) {
                result.unicodeScalars.append(scalar)
            } else if scalar == "\n" {
                result += "\\n"
            } else {
                result += escape(scalar)
            }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// Whether it can act on a terminal, turn text around or end a line.
    var actsOnTerminal: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
