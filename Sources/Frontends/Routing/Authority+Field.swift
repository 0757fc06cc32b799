import NetworkTypes

extension Authority {
    /// Reads what a client wrote as the host that it asks: in the Host field, or in a target that is a whole URL. Its port may be
    /// empty (RFC 3986 §3.2.3); nil if it is no host that a URL of a script could have.
    init?(field text: String) {
        var text = Substring(text)
        if text.utf8.count > 1, text.utf8.last == UInt8(ascii: ":") { text = text.dropLast() }
        do { try self.init(parsing: text) } catch { return nil }
    }
}
