import Bytes

/// Writes tar archives: ustar headers, with a PAX extended header before a member that does not fit one. Owner and group
/// are 0 and have no names, so that equal entries give equal bytes.
public enum TarArchive {
    /// What ends an archive: two blocks of zeros.
    public static let trailer = [UInt8](repeating: 0, count: 2 * TarHeader.blockSize)

    /// The zeros that follow `size` bytes of content.
    public static func padding(after size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int(size.padding(to: UInt64(TarHeader.blockSize))))
    }

    /// A whole archive, for contents that are in memory.
    public static func encode(_ members: [(entry: TarEntry, content: [UInt8])]) throws(TarError) -> [UInt8] {
        var result: [UInt8] = []
        for (entry, content) in members {
            var entry = entry
            entry.size = UInt64(content.count)
            result += try entry.encode() + content + padding(after: entry.size)
        }
        return result + trailer
    }
}

extension TarEntry {
    /// The header blocks; the content and `TarArchive.padding(after:)` are to follow.
    public func encode() throws(TarError) -> [UInt8] {
        var path = path
        let typeFlag: UInt8
        var linkTarget = ""
        switch kind {
        case .file: typeFlag = UInt8(ascii: "0")
        case .directory:
            typeFlag = UInt8(ascii: "5")
            if path.utf8.last != UInt8(ascii: "/") { path += "/" }
        case .symbolicLink(let target): (typeFlag, linkTarget) = (UInt8(ascii: "2"), target)
        case .hardLink(let target): (typeFlag, linkTarget) = (UInt8(ascii: "1"), target)
        case .other: throw .unsupported("a special file", path: path)
        }
        guard !path.isEmpty, !path.utf8.contains(0), !linkTarget.utf8.contains(0) else {
            throw .unsupported("a name that is empty or has a zero byte", path: path)
        }
        guard typeFlag == UInt8(ascii: "0") || size == 0 else {
            throw .unsupported("something other than a file with content", path: path)
        }
        guard modificationTime < 1 << 33 else { throw .unsupported("a file of the far future", path: path) }

        var records: [UInt8] = []
        var split = Self.split(Array(path.utf8))
        if split == nil {
            records += ExtendedHeader.record("path", Array(path.utf8))
            split = ([], Array(path.utf8.prefix(100)))
        }
        if linkTarget.utf8.count > 100 { records += ExtendedHeader.record("linkpath", Array(linkTarget.utf8)) }
        if size >= 1 << 33 { records += ExtendedHeader.record("size", Array(String(size).utf8)) }
        for (name, value) in extendedAttributes.sorted(by: { $0.key < $1.key }) {
            records += ExtendedHeader.record("SCHILY.xattr.\(name)", value)
        }
        let (prefix, name) = split ?? ([], [])
        let header = Self.block(
            name: name, prefix: prefix, mode: mode & 0o7777, size: size < 1 << 33 ? size : 0, time: modificationTime,
            type: typeFlag, linkTarget: Array(linkTarget.utf8.prefix(100)))
        guard !records.isEmpty else { return header }
        let extended = Self.block(
            name: Array("PaxHeaders.0/\(path)".utf8.prefix(100)), prefix: [], mode: 0o644, size: UInt64(records.count),
            time: modificationTime, type: UInt8(ascii: "x"), linkTarget: [])
        return extended + records + TarArchive.padding(after: UInt64(records.count)) + header
    }

    /// A path as ustar's prefix and name, or nil if it is too long or has no slash in the right place.
    private static func split(_ path: [UInt8]) -> (prefix: [UInt8], name: [UInt8])? {
        if path.count <= 100 { return ([], path) }
        // The rightmost slash that leaves a name, and a prefix of at most 155 bytes.
        guard path.count <= 256,
            let slash = path.indices.last(where: {
                path[$0] == UInt8(ascii: "/") && $0 <= 155 && $0 > 0 && $0 < path.count - 1
            }), path.count - slash - 1 <= 100
        else { return nil }
        return (Array(path[..<slash]), Array(path[(slash + 1)...]))
    }

    private static func block(
        name: [UInt8], prefix: [UInt8], mode: UInt32, size: UInt64, time: UInt64, type: UInt8, linkTarget: [UInt8]
    ) -> [UInt8] {
        func octal(_ value: UInt64, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.utf8.count)) + text).utf8) + [0]
        }
        func padded(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
            bytes + [UInt8](repeating: 0, count: max(0, length - bytes.count))
        }
        let front =
            padded(name, 100) + octal(UInt64(mode), 7) + octal(0, 7) + octal(0, 7) + octal(size, 11) + octal(time, 11)
        let back =
            [type] + padded(linkTarget, 100) + Array("ustar\0".utf8) + Array("00".utf8) + padded([], 64) + octal(0, 7)
            + octal(0, 7) + padded(prefix, 155) + padded([], 12)
        let sum = (front + back).reduce(8 * UInt64(0x20)) { $0 + UInt64($1) }
        return front + octal(sum, 6) + [0x20] + back
    }
}
