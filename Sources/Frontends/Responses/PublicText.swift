/// What strangers may be told of a message that was written for the operator.
public enum PublicText {
    /// The text with no path of this host in it: of each absolute path only the last part stays, which says what kind of thing
    /// is meant and not where this host keeps it.
    ///
    /// - Parameter folder: A folder of which everything below it may be told. Its own path may have blanks in it, at which others
    ///   are taken to end.
    public static func withoutPaths(_ text: String, exceptBelow folder: String? = nil) -> String {
        guard text.utf8.contains(UInt8(ascii: "/")) else { return text }
        let folder = folder.map { Array($0.utf8) + (($0.utf8.last == UInt8(ascii: "/")) ? [] : [UInt8(ascii: "/")]) }
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        var rest = text.utf8[...]
        var previous: UInt8?
        while let byte = rest.first {
            if let folder, previous.map(beginsWord) ?? true, rest.starts(with: folder) {
                rest = rest.dropFirst(folder.count)
                let path = rest.prefix { !endsPath($0) }
                result += path
                previous = path.last
                rest = rest[path.endIndex...]
                continue
            }
            // Two slashes are the beginning of a URL's authority.
            guard byte == UInt8(ascii: "/"), previous.map(beginsWord) ?? true, !rest.starts(with: "//".utf8) else {
                result.append(byte)
                previous = byte
                rest = rest.dropFirst()
                continue
            }
            let path = rest.prefix { !endsPath($0) }
            let name = path.split(separator: UInt8(ascii: "/")).last ?? path
            result += name
            previous = name.last
            rest = rest[path.endIndex...]
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The first 64 bytes of what a request said. One character of it may be as long as whoever sent it likes.
    static func beginning(of text: String) -> String { String(decoding: text.utf8.prefix(64), as: UTF8.self) }

    /// A message without its middle where it is too long. It may quote what a request said, which is up to a megabyte; what is the
    /// matter stands before it or behind.
    static func shortened(_ text: String) -> String {
        let bytes = text.utf8
        guard bytes.count > 4096 else { return text }
        return String(decoding: bytes.prefix(3072), as: UTF8.self) + " … "
            + String(decoding: bytes.suffix(1024), as: UTF8.self)
    }

    /// Whether a path can begin behind this byte; behind others a slash is part of a URL or a name.
    private static func beginsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "("), UInt8(ascii: "="),
            UInt8(ascii: "["), UInt8(ascii: ","), UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: "`"):
            true
        default: false
        }
    }

    private static func endsPath(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: ")"), UInt8(ascii: ","),
            UInt8(ascii: ";"), UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "`"):
            true
        default: false
        }
    }
}
