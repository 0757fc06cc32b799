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
    /// Host and port.
    public let authority: Authority
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
        authority = try Authority(parsing: rest[..<end])
        if let obstacle = authority.host.obstacle {
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

    /// The URL of something that stands below it at `place`, which begins with a slash.
    public func url(of place: String) -> String { "\(scheme.rawValue)://\(authority)\(path(of: place))" }

    /// As it was written, with the scheme in lower case.
    public var description: String { "\(scheme.rawValue)://\(authority)\(path)" }

    /// The host.
    public var host: Host { authority.host }
    /// The TCP port, if one is given.
    public var port: UInt16? { authority.port }

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
