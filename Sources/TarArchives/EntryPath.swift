/// A member's path as the names it consists of, told apart as the kernel does it, by bytes: a combining mark after a slash makes
/// one character of both for a reader of text, and hides neither the slash nor a `..` from the file system.
public struct EntryPath: Hashable, Sendable {
    /// The names in UTF-8, without empty ones and `.`; none for the root.
    public let names: [ArraySlice<UInt8>]
    /// Whether it begins at the root of the file system.
    public let isAbsolute: Bool

    /// Takes a path apart.
    public init(_ path: String) {
        let bytes = Array(path.utf8)
        isAbsolute = bytes.first == UInt8(ascii: "/")
        names = bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
    }

    /// Whether it goes through `..`, and may so lead out of where it is meant for.
    public var climbs: Bool { names.contains { $0.elementsEqual("..".utf8) } }

    /// The names with slashes between them: the same for every spelling of one place.
    public var normalized: [UInt8] { Array(names.joined(separator: [UInt8(ascii: "/")])) }
}
