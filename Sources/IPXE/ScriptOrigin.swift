/// The appliance that a script comes from, as its messages name it and its URLs reach it.
public struct ScriptOrigin: Hashable, Sendable {
    /// The name and version shown on consoles, as in "Slipway 1.0".
    public var name: String
    /// The base of its URLs as machines reach them, as in "http://10.77.0.2:8080", with or without a slash at the end.
    public var baseURL: String

    /// An appliance.
    public init(name: String, baseURL: String) {
        self.name = name
        self.baseURL = baseURL
    }

    /// The URL of a path that begins with a slash.
    func url(_ path: String) -> String { baseURL.withoutTrailingSlashes + path }

    /// The name and the URL, for messages.
    var display: String { "\(name) (\(baseURL.withoutTrailingSlashes))" }
}

extension String {
    var withoutTrailingSlashes: String {
        guard utf8.last == UInt8(ascii: "/") else { return self }
        var text = Substring(self).utf8
        while text.last == UInt8(ascii: "/") { text.removeLast() }
        return String(Substring(text))
    }
}
