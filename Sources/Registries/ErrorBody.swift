import OCIModel

/// What a registry says about a failure (distribution specification, "Error Codes"); a proxy before it may say it in HTML, or not
/// at all. The status decides, this explains.
struct ErrorBody: Hashable {
    /// The first code, such as `MANIFEST_UNKNOWN`; nil where there is none.
    private(set) var code: String?
    /// What to show of it; nil where there is nothing to show.
    private(set) var shown: String?

    /// How many bytes are read of it.
    static let maximumBytes = 64 << 10

    init(_ bytes: [UInt8]) {
        let limits = JSONLimits(maximumBytes: Self.maximumBytes, maximumValues: 5000)
        if let value = try? JSONValue(decoding: bytes[...], limits: limits) {
            guard case .array(let errors)? = value["errors"], let first = errors.first else { return }
            code = first["code"]?.text.map { PlainText.shown($0, limit: 64) }
            let message = first["message"]?.text.map { PlainText.shown($0) }
            shown = [code, message].compactMap { $0?.isEmpty == false ? $0 : nil }.joined(separator: ": ")
        } else if bytes.first.map({ $0 != UInt8(ascii: "<") }) ?? false {
            let line = bytes.prefix(1024).split(separator: UInt8(ascii: "\n")).first ?? []
            shown = PlainText.shown(String(decoding: line, as: UTF8.self))
        }
        if shown?.allSatisfy({ $0 == " " }) ?? false { shown = nil }
    }
}

extension JSONValue {
    /// The text of a string; nil for all else.
    var text: String? { if case .string(let text) = self { text } else { nil } }
}
