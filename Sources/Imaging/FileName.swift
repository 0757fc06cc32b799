/// A name in a directory, as the bytes that the kernel compares. Text is compared by what it looks like, so that two files
/// could be one, and a dot with an accent is no dot.
struct FileName: Hashable, Comparable, ExpressibleByStringLiteral {
    let bytes: [UInt8]

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    init(stringLiteral text: String) { self.init(text.utf8) }

    /// The name for paths and messages.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    static func < (one: FileName, other: FileName) -> Bool { one.bytes.lexicographicallyPrecedes(other.bytes) }

    /// The names between the slashes of `path`; neither empty ones nor those that mean the directory itself.
    static func components(of path: String) -> [FileName] {
        path.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }.map { FileName($0) }
    }

    /// What in a layer says that a file is gone, and not that there is one.
    static let whiteoutPrefix = Array(".wh.".utf8)

    /// What this name hides if it is a whiteout, and nil if it is a file's name.
    var hiddenByWhiteout: FileName? {
        bytes.starts(with: Self.whiteoutPrefix) ? FileName(bytes.dropFirst(Self.whiteoutPrefix.count)) : nil
    }
}

extension Sequence<FileName> {
    /// The names as one path.
    var path: String { map(\.text).joined(separator: "/") }
}
