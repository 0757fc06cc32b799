/// A requested name, made into a path below the root of the served tree.
///
/// Firmware writes names in many ways: with leading slashes, backslashes, doubled slashes, parameters after `?`, and a
/// trailing 0xff where a ROM took the end of DHCP's options for a part of the name.
public struct TFTPFileName: Hashable, Sendable, CustomStringConvertible {
    /// The parts between the slashes: none empty, none "." or "..", none with a control character.
    public let components: [String]

    /// The longest component in bytes, which is Linux' own limit.
    public static let longestComponent = 255
    /// The most components.
    public static let mostComponents = 32

    /// Normalizes `bytes`, or says why they name no file.
    public init(normalizing bytes: some Collection<UInt8>) throws(TFTPFileNameError) {
        var name = bytes.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
        while name.last == 0xff { name.removeLast() }
        if let parameters = name.firstIndex(of: UInt8(ascii: "?")) { name.removeSubrange(parameters...) }
        guard !name.isEmpty else { throw .empty }
        guard String(validating: name, as: UTF8.self) != nil, name.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw .illegalCharacters
        }
        // Bytes, as the kernel sees them: for a Character, a slash with an accent behind it is no slash.
        let dot = UInt8(ascii: ".")
        let parts = name.split(separator: UInt8(ascii: "/"))
        guard !parts.contains(where: { $0.elementsEqual([dot, dot]) }) else { throw .leavesTree }
        guard let last = parts.last, name.last != UInt8(ascii: "/"), !last.elementsEqual([dot]) else {
            throw .directory
        }
        let kept = parts.filter { !$0.elementsEqual([dot]) }
        guard kept.count <= Self.mostComponents, kept.allSatisfy({ $0.count <= Self.longestComponent }) else {
            throw .tooLong
        }
        components = kept.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The components joined by slashes, without a leading one.
    public var path: String { components.joined(separator: "/") }

    public var description: String { path }
}

/// Why a requested name is no file's.
public enum TFTPFileNameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing is left of it.
    case empty
    /// Control characters, or bytes that are not UTF-8.
    case illegalCharacters
    /// It has "..".
    case leavesTree
    /// It ends in a slash.
    case directory
    /// A component, or their number, is beyond what a file system takes.
    case tooLong

    public var description: String {
        switch self {
        case .empty: "the name is empty"
        case .illegalCharacters: "the name has control characters or is not UTF-8"
        case .leavesTree: "the name leaves the tree with \"..\""
        case .directory: "the name is a directory's"
        case .tooLong: "the name is too long"
        }
    }
}
