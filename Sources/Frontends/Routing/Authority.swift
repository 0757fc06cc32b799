/// The host and port of a URL (RFC 3986 §3.2).
enum Authority {
    /// Whether a text is a host, with or without a port, that can stand in the URLs of a script: a name of letters, digits,
    /// `.`, `-`, `_` and `~`, an IPv4 address, or an IPv6 address in brackets.
    static func isUsable(_ text: String) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: "[") {
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")), rest.prefix(upTo: end).count > 2,
                rest[rest.index(after: rest.startIndex)..<end].allSatisfy({
                    isHexadecimal($0) || ".:".utf8.contains($0)
                })
            else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            let host = rest.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.allSatisfy(isName) else { return false }
            rest = rest[host.endIndex...]
        }
        guard rest.first == UInt8(ascii: ":") else { return rest.isEmpty }
        // A port may be empty (§3.2.3).
        return rest.count <= 6 && rest.dropFirst().allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
