/// A server's answer.
public struct HTTPReply: Sendable {
    /// The status code.
    public let status: Int
    /// The headers in order.
    public let headers: [(name: String, value: String)]
    /// The body.
    public var body: [UInt8] = []

    init?(head: String) {
        let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("HTTP/1.1 "), let status = Int(first.dropFirst(9).prefix(3))
        else {
            return nil
        }
        self.status = status
        var headers: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            headers.append(
                (String(line[..<colon]), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        self.headers = headers
    }

    /// A header's value, whatever the case of its name; nil when it is not there, or there twice.
    public subscript(name: String) -> String? {
        let found = headers.filter { $0.name.lowercased() == name.lowercased() }
        return found.count == 1 ? found[0].value : nil
    }

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }
}

extension HTTPReply {
    /// A part of a multipart/byteranges body.
    public struct Part {
        /// Its Content-Range.
        public var range: String
        /// Its Content-Type.
        public var type: String
        /// Its bytes.
        public var bytes: [UInt8]
    }

    /// The parts of a multipart/byteranges body (RFC 2046 §5.1); nil when it is none.
    public var parts: [Part]? {
        let prefix = "multipart/byteranges; boundary="
        guard let type = self["Content-Type"], type.hasPrefix(prefix) else { return nil }
        let delimiter = Array("\r\n--\(type.dropFirst(prefix.count))".utf8)
        // A delimiter at the very beginning has no line break of its own.
        var rest = ((body.starts(with: delimiter) ? [] : [13, 10]) + body)[...]
        guard rest.starts(with: delimiter) else { return nil }
        rest = rest.dropFirst(delimiter.count)
        var parts: [Part] = []
        while !rest.starts(with: Array("--".utf8)) {
            guard rest.starts(with: [13, 10]), let head = rest.firstRange(of: [13, 10, 13, 10]),
                let end = rest.firstRange(of: delimiter)
            else { return nil }
            var part = Part(range: "", type: "", bytes: Array(rest[head.upperBound..<end.lowerBound]))
            for line in String(decoding: rest[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n") {
                if line.hasPrefix("Content-Range: ") { part.range = String(line.dropFirst(15)) }
                if line.hasPrefix("Content-Type: ") { part.type = String(line.dropFirst(14)) }
            }
            parts.append(part)
            rest = rest[end.upperBound...]
        }
        return rest == Array("--\r\n".utf8)[...] ? parts : nil
    }
}
