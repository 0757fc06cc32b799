/// Host and port, as URLs and the Host field of HTTP have them (RFC 3986 §3.2, RFC 9110 §7.2): `boot.example:8080`, `[fd00::2]`.
public struct Authority: Hashable, Sendable, CustomStringConvertible {
    /// The host; of an IPv6 address without the link, which means nothing to others.
    public let host: Host
    /// The TCP port, if one is given.
    public let port: UInt16?

    /// GitHub's registry of images.
    public static let github = Authority(host: .name("ghcr.io"), port: nil)

    private init(host: Host, port: UInt16?) {
        self.host = host
        self.port = port
    }

    private static let example = "as in http://10.77.0.2:8080"

    /// Reads host and port.
    ///
    /// - Throws: ``AddressError``, which names the part that is wrong.
    public init(parsing text: some StringProtocol) throws(AddressError) {
        let text = Substring(text)
        if text.utf8.contains(UInt8(ascii: "@")) {
            throw AddressError("it has a user name in it, which everybody could read; remove all up to the '@'")
        }
        let port: Substring?
        if text.utf8.first == UInt8(ascii: "[") {
            (host, port) = try Self.bracketed(text)
        } else {
            (host, port) = try Self.plain(text)
        }
        self.port = try port.map { text throws(AddressError) in try Self.port(text) }
    }

    /// As it was written.
    public var description: String {
        let host = if case .ipv6(let text) = host { "[\(text)]" } else { host.description }
        return port.map { "\(host):\($0)" } ?? host
    }

    private static func bracketed(_ text: Substring) throws(AddressError) -> (Host, port: Substring?) {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else {
            throw AddressError("an IPv6 address ends with ']', as in http://[fd00::2]:8080")
        }
        let name = text[text.utf8.index(after: text.startIndex)..<end]
        let rest = text[text.utf8.index(after: end)...]
        guard rest.isEmpty || rest.utf8.first == UInt8(ascii: ":") else {
            throw AddressError("behind ']' comes a port or a path, as in http://[fd00::2]:8080")
        }
        guard case .ipv6(let address)? = Host(parsing: name), !address.utf8.contains(UInt8(ascii: "%")) else {
            throw AddressError("'\(name)' is not an IPv6 address, as in http://[fd00::2]:8080")
        }
        return (.ipv6(address), rest.isEmpty ? nil : rest.dropFirst())
    }

    private static func plain(_ text: Substring) throws(AddressError) -> (Host, port: Substring?) {
        let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
        let name = text[..<(colon ?? text.endIndex)]
        let port = colon.map { text[text.utf8.index(after: $0)...] }
        if port?.utf8.contains(UInt8(ascii: ":")) == true, Host(parsing: text) != nil {
            throw AddressError("an IPv6 address stands in brackets, as in http://[fd00::2]:8080")
        }
        guard !name.isEmpty else { throw AddressError("it has no host; write one, \(example)") }
        guard let host = Host(parsing: name) else {
            throw AddressError("'\(name)' is neither an address nor a host name; write one, \(example)")
        }
        return (host, port)
    }

    private static func port(_ text: Substring) throws(AddressError) -> UInt16 {
        // iPXE takes a number with a zero before it for an octal one.
        guard let port = UInt16(text), port > 0, String(port).utf8.elementsEqual(text.utf8) else {
            throw AddressError("'\(text)' is not a port; it is a number from 1 to 65535, \(example)")
        }
        return port
    }
}
