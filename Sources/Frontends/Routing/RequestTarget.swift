import NetworkTypes

/// What the target of a request names (RFC 9112 §3.2): a resource by its path, or this server as a whole.
enum RequestTarget: Equatable {
    /// A path with or without a query, which begins with a slash; and the authority, if the target is a whole URL, in which
    /// it counts and not what the Host field says.
    case resource(String, authority: String?)
    /// `*`: the server itself.
    case server
    /// A URL of another scheme than `http`, with its scheme in lower case.
    case otherScheme(String)
    /// Of no form that a resource here could have.
    case unknown

    /// Reads a target.
    init(_ text: String) {
        var text = text
        self = text.withUTF8 { bytes in
            if bytes.first == UInt8(ascii: "/") {
                return .resource(String(decoding: bytes, as: UTF8.self), authority: nil)
            }
            if bytes.elementsEqual(CollectionOfOne(UInt8(ascii: "*"))) { return .server }
            return Self.url(bytes) ?? .unknown
        }
    }

    /// `scheme://authority/path?query`, of which path and query may be left out; nil if it is not of that form.
    private static func url(_ bytes: UnsafeBufferPointer<UInt8>) -> RequestTarget? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon <= 16 else { return nil }
        let letters = bytes[..<colon].map { $0 | 0x20 }
        guard let first = letters.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return nil }
        let scheme = String(decoding: letters, as: UTF8.self)
        let rest = bytes[(colon + 1)...]
        guard rest.starts(with: "//".utf8) else { return nil }
        let afterSlashes = rest.dropFirst(2)
        let authority = String(decoding: afterSlashes.prefix { !endsAuthority($0) }, as: UTF8.self)
        // Without a host, or with a user's name before it, a URL is faulty (RFC 9110 §4.2.1, §4.2.4).
        guard let authority = Authority(field: authority)?.description else { return nil }
        guard scheme == "http" else { return .otherScheme(scheme) }
        let path = String(decoding: afterSlashes.drop { !endsAuthority($0) }, as: UTF8.self)
        return .resource(path.utf8.first == UInt8(ascii: "/") ? path : "/" + path, authority: authority)
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }
}
