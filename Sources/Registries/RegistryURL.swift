import NetworkTypes

/// An http or https URL as it was received: what stands behind the host is kept byte for byte, because it may be signed.
struct RegistryURL: Hashable, Sendable {
    /// Who answers: two URLs of one origin are answered by the same server (RFC 6454 §4).
    struct Origin: Hashable, Sendable {
        let scheme: BaseURL.Scheme
        let host: String
        let port: UInt16
    }

    /// The protocol.
    let scheme: BaseURL.Scheme
    /// Host and port.
    let authority: Authority
    /// Path and query; it begins with a slash.
    let target: String

    /// How many bytes are taken for a URL. Signed ones have one or two thousand.
    static let limit = 8192

    init(scheme: BaseURL.Scheme, authority: Authority, target: String) {
        self.scheme = scheme
        self.authority = authority
        self.target = target
    }

    /// Reads an absolute URL; a fragment is left out.
    init(parsing text: some StringProtocol) throws(URLFault) {
        let text = try Self.checked(Substring(text))
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].utf8.starts(with: "://".utf8),
            let scheme = BaseURL.Scheme(rawValue: text[..<colon].lowercased())
        else { throw URLFault("it is neither an http nor an https URL") }
        try self.init(scheme: scheme, hierarchy: text[text.utf8.index(colon, offsetBy: 3)...])
    }

    private init(scheme: BaseURL.Scheme, hierarchy: Substring) throws(URLFault) {
        let end = hierarchy.utf8.firstIndex { "/?".utf8.contains($0) } ?? hierarchy.endIndex
        self.scheme = scheme
        do { authority = try Authority(parsing: hierarchy[..<end]) } catch { throw URLFault("\(error)") }
        if let obstacle = authority.host.obstacle { throw URLFault(obstacle) }
        let rest = hierarchy[end...]
        target = rest.utf8.first == UInt8(ascii: "/") ? String(rest) : "/\(rest)"
    }

    /// The URL that a reference means in an answer to this one (RFC 3986 §5.2).
    func resolving(_ reference: String) throws(URLFault) -> RegistryURL {
        let text = try Self.checked(Substring(reference))
        if text.utf8.starts(with: "//".utf8) { return try RegistryURL(scheme: scheme, hierarchy: text.dropFirst(2)) }
        if text.utf8.first == UInt8(ascii: "/") { return with(target: String(text)) }
        let end = text.utf8.firstIndex { "/?".utf8.contains($0) } ?? text.endIndex
        if text[..<end].utf8.contains(UInt8(ascii: ":")) { return try RegistryURL(parsing: text) }
        if text.isEmpty { return self }
        if text.utf8.first == UInt8(ascii: "?") { return with(target: "\(path)\(text)") }
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { path[...$0] } ?? "/"
        return with(target: Self.withoutDots("\(folder)\(text)"))
    }

    /// The same server's URL with another path and query.
    func with(target: String) -> RegistryURL { RegistryURL(scheme: scheme, authority: authority, target: target) }

    /// The path, without the query.
    var path: Substring { target.prefix { $0 != "?" } }

    /// What stands behind the question mark; nil without one.
    var query: Substring? {
        target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[target.utf8.index(after: $0)...] }
    }

    /// Who answers.
    var origin: Origin {
        Origin(
            scheme: scheme, host: authority.host.description.lowercased(),
            port: authority.port ?? (scheme == .https ? 443 : 80))
    }

    /// The whole URL.
    var text: String { "\(scheme.rawValue)://\(authority)\(target)" }

    /// The URL for messages: without the query, in which signatures stand.
    var shown: String { "\(scheme.rawValue)://\(authority)\(path.utf8.count > 512 ? "/…" : path)" }

    private static func checked(_ text: Substring) throws(URLFault) -> Substring {
        guard text.utf8.count <= limit else { throw URLFault("it is longer than \(limit) bytes") }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
            throw URLFault("it has a byte in it that no URL has")
        }
        return text.prefix { $0 != "#" }
    }

    /// RFC 3986 §5.2.4.
    private static func withoutDots(_ target: String) -> String {
        let end = target.utf8.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        var kept: [Substring.UTF8View] = []
        let parts = target[..<end].utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .dropFirst()
        for (index, part) in parts.enumerated() {
            let isDots = part.elementsEqual("..".utf8)
            if isDots { _ = kept.popLast() }
            if !isDots, !part.elementsEqual(".".utf8) {
                kept.append(part)
            } else if index == parts.count - 1 {
                kept.append(""[...].utf8)
            }
        }
        return "/" + kept.map { String(Substring($0)) }.joined(separator: "/") + target[end...]
    }
}

/// Why a text is not a URL that is followed.
struct URLFault: Error, Hashable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
