/// A stranger's words, for messages: without control characters, and short.
enum PlainText {
    static func shown(_ text: some StringProtocol, limit: Int = 200) -> String {
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit + 1) {
            guard shown.count < limit else {
                shown.append("…")
                break
            }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: shown.append(" ")
            default: shown.append(scalar)
            }
        }
        return String(shown)
    }
}
