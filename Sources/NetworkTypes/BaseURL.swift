import Bytes

/// The URL below which all that a server has stands: `http://10.77.0.2:8080`, or `https://boot.example/factory` behind a proxy.
///
/// It is put into iPXE scripts, kernel command lines and the manifests of images, all of which give bytes a meaning of their own.
/// So it has nothing but what RFC 3986 allows in these places, and of that not the dollar sign, with which iPXE's settings begin,
/// nor parentheses, between which Talos looks for the factory's URL in a manifest.
public struct BaseURL: Hashable, Sendable, CustomStringConvertible {
    /// The protocol.
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        case http
        case https
    }

    /// The protocol.
    public let scheme: Scheme
    /// The host.
    public let host: Host
    /// The TCP port, if one is given.
    public let port: UInt16?
    /// What stands behind host and port: nothing, or a path that begins with a slash and may end with one.
    public let path: String

    /// How many bytes it may have.
    public static let limit = 1024
    private static let example = "as in http://10.77.0.2:8080"

    /// Reads a URL.
    ///
    /// - Throws: ``AddressError``, which names the part that is wrong.
    public init(parsing text: String) throws(AddressError) {
        guard !text.isEmpty else { throw AddressError("it is empty; write a URL, \(Self.example)") }
        guard text.utf8.count <= Self.limit else { throw AddressError("it is longer than \(Self.limit) bytes") }
        if let fault = Self.fault(in: text) { throw AddressError(fault) }
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[colon...].utf8.starts(with: "://".utf8)
        else {
            throw AddressError("it does not begin with http:// or https://; write a URL, \(Self.example)")
        }
        guard let scheme = Scheme(rawValue: text[..<colon].lowercased()) else {
            throw AddressError("'\(text[..<colon])' is not spoken here; it begins with http:// or https://")
        }
        self.scheme = scheme
        let rest = text[text.utf8.index(colon, offsetBy: 3)...]
        let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        (host, port) = try Self.authority(rest[..<end])
        if let obstacle = host.obstacle {
            throw AddressError("\(obstacle); write the address of one, \(Self.example)")
        }
        path = String(rest[end...])
        try Self.check(path: path)
    }

    /// The path at which a server is asked for something that stands below the URL at `place`, which begins with a slash.
    public func path(of place: String) -> String {
        var base = Substring(path).utf8
        while base.last == UInt8(ascii: "/") { base.removeLast() }
        return "\(Substring(base))\(place)"
    }

    /// As it was written, with the scheme in lower case.
    public var description: String {
        let host = if case .ipv6(let text) = host { "[\(text)]" } else { host.description }
        return "\(scheme.rawValue)://\(host)" + (port.map { ":\($0)" } ?? "") + path
    }

    /// What may stand nowhere in it.
    private static func fault(in text: String) -> String? {
        for byte in text.utf8 {
            switch byte {
            case 0..<0x20, 0x7F: return "it has a line break or another control character in it; remove that"
            case UInt8(ascii: " "): return "it has a blank in it; remove that"
            case 0x80...: return "it has a character that is not ASCII; write a name as DNS has it, and a path with %XX"
            case UInt8(ascii: "$"): return "it has a '$', with which iPXE's settings begin; remove that"
            case UInt8(ascii: "?"): return "it has a query; paths are put behind it, so end it before the '?'"
            case UInt8(ascii: "#"): return "it has a fragment; paths are put behind it, so end it before the '#'"
            default: break
            }
        }
        return nil
    }

    private static func authority(_ text: Substring) throws(AddressError) -> (Host, UInt16?) {
        if text.utf8.contains(UInt8(ascii: "@")) {
            throw AddressError("it has a user name in it, which everybody could read; remove all up to the '@'")
        }
        var name = text
        var port: Substring?
        if text.utf8.first == UInt8(ascii: "[") {
            guard let end = text.utf8.firstIndex(of: UInt8(ascii: "]")) else {
                throw AddressError("an IPv6 address ends with ']', as in http://[fd00::2]:8080")
            }
            name = text[text.utf8.index(after: text.startIndex)..<end]
            let rest = text[text.utf8.index(after: end)...]
            guard rest.isEmpty || rest.utf8.first == UInt8(ascii: ":") else {
                throw AddressError("behind ']' comes a port or a path, as in http://[fd00::2]:8080")
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
            // The link of an address means nothing to others.
            guard case .ipv6(let address)? = Host(parsing: name), !address.utf8.contains(UInt8(ascii: "%")) else {
                throw AddressError("'\(name)' is not an IPv6 address, as in http://[fd00::2]:8080")
            }
            return (.ipv6(address), try port.map { text throws(AddressError) in try Self.port(text) })
        }
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            (name, port) = (text[..<colon], text[text.utf8.index(after: colon)...])
            if port?.utf8.contains(UInt8(ascii: ":")) == true, Host(parsing: text) != nil {
                throw AddressError("an IPv6 address stands in brackets, as in http://[fd00::2]:8080")
            }
        }
        guard !name.isEmpty else { throw AddressError("it has no host; write one, \(example)") }
        guard let host = Host(parsing: name) else {
            throw AddressError("'\(name)' is neither an address nor a host name; write one, \(example)")
        }
        return (host, try port.map { text throws(AddressError) in try Self.port(text) })
    }

    private static func port(_ text: Substring) throws(AddressError) -> UInt16 {
        // iPXE takes a number with a zero before it for an octal one.
        guard let port = UInt16(text), port > 0, String(port).utf8.elementsEqual(text.utf8) else {
            throw AddressError("'\(text)' is not a port; it is a number from 1 to 65535, \(example)")
        }
        return port
    }

    /// A path has unreserved characters, sub-delimiters, `:`, `@`, slashes and escapes (RFC 3986 §3.3).
    private static func check(path: String) throws(AddressError) {
        var digits = 0
        for byte in path.utf8 {
            if digits > 0 {
                guard byte.hexadecimalDigit != nil else {
                    throw AddressError("a '%' in its path is not followed by two hexadecimal digits; write '%' as %25")
                }
                digits -= 1
                continue
            }
            if byte == UInt8(ascii: "%") { digits = 2 }
            guard isPath(byte) else {
                let character = Character(Unicode.Scalar(byte))
                let escape = "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
                throw AddressError("'\(character)' may not stand in its path; write it as \(escape)")
            }
        }
        if digits > 0 {
            throw AddressError("a '%' in its path is not followed by two hexadecimal digits; write '%' as %25")
        }
    }

    private static func isPath(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~!&'*+,;=:@/%".utf8.contains(byte)
        }
    }
}
