import Digests

/// An image's name: `[registry/]repository[:tag][@sha256:…]`, as `ghcr.io/siderolabs/imager:v1.13.5`.
///
/// No registry and no tag are made up where none is written (source: the distribution project's reference grammar).
public struct ImageReference: Hashable, Sendable {
    /// The registry's host, with its port where one is written.
    public var registry: String?
    /// The repository's path in the registry.
    public var repository: String
    /// The tag.
    public var tag: String?
    /// The digest.
    public var digest: Digest?

    /// Names an image.
    public init(registry: String?, repository: String, tag: String? = nil, digest: Digest? = nil) {
        self.registry = registry
        self.repository = repository
        self.tag = tag
        self.digest = digest
    }

    /// Reads a reference.
    public init(parsing text: some StringProtocol) throws(OCIModelError) {
        let shown = String(text)
        func fail(_ problem: String) -> OCIModelError { .reference(shown, problem: problem) }
        guard shown.utf8.count <= 512 else { throw fail("it is longer than 512 bytes") }
        var rest = shown[...]
        if let at = rest.firstIndex(of: "@") {
            digest = Digest(parsing: rest[rest.index(after: at)...])
            guard digest != nil else {
                throw fail("what follows '@' is not sha256: and 64 lower-case hexadecimal digits")
            }
            rest = rest[..<at]
        }
        let nameStart = rest.lastIndex(of: "/").map { rest.index(after: $0) } ?? rest.startIndex
        if let colon = rest[nameStart...].firstIndex(of: ":") {
            let tag = rest[rest.index(after: colon)...]
            guard Self.isTag(tag) else { throw fail("'\(tag)' is not a tag") }
            self.tag = String(tag)
            rest = rest[..<colon]
        }
        // The first component is a host only when it cannot be a path: "siderolabs/imager" is all path.
        if let slash = rest.firstIndex(of: "/") {
            let host = rest[..<slash]
            if host == "localhost" || host.contains(where: { ".:[".contains($0) || $0.isUppercase }) {
                guard Self.isHost(host) else { throw fail("'\(host)' is not a host") }
                registry = String(host)
                rest = rest[rest.index(after: slash)...]
            }
        }
        guard rest.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(Self.isPathComponent) else {
            throw fail(
                "'\(rest)' is not a repository: its parts are lower-case letters and digits, joined by '.', '_' or '-'")
        }
        repository = String(rest)
    }

    /// The last part of the repository's path: `imager` for `ghcr.io/siderolabs/imager:v1.13.5`.
    public var name: String { repository.split(separator: "/").last.map(String.init) ?? repository }

    /// Whether `text` may be a tag: 128 characters at most, letters, digits, `_`, `.` and `-`, the last two not in front.
    public static func isTag(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return first != UInt8(ascii: ".") && first != UInt8(ascii: "-")
            && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || ".-_".utf8.contains($0) }
    }

    private static func isHost(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first.isLetter || first.isDigit || first == UInt8(ascii: "[") else {
            return false
        }
        return text.utf8.allSatisfy { $0.isLetter || $0.isDigit || ".-:[]".utf8.contains($0) }
    }

    private static func isPathComponent(_ text: Substring) -> Bool {
        func isAlphanumeric(_ byte: UInt8?) -> Bool { byte.map { $0.isDigit || $0.isLowercase } ?? false }
        return isAlphanumeric(text.utf8.first) && isAlphanumeric(text.utf8.last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || ".-_".utf8.contains($0) }
    }
}

extension ImageReference: CustomStringConvertible {
    public var description: String {
        (registry.map { "\($0)/" } ?? "") + repository + (tag.map { ":\($0)" } ?? "") + (digest.map { "@\($0)" } ?? "")
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLowercase: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    fileprivate var isLetter: Bool { isLowercase || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
}
