import Bytes

/// Writes a newc cpio archive piece by piece, with the bytes that GNU cpio writes when told `--reproducible` and owner 0.
///
///     070701 ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check   (8 hex digits each)
///     name NUL, zeros to a multiple of 4; content, zeros to a multiple of 4
///     … TRAILER!!!, zeros to a multiple of 512
public struct CPIOWriter: Sendable {
    private var inode: UInt32 = 0
    private var offset: UInt64 = 0

    /// How many bytes the archive has so far.
    public var length: UInt64 { offset }

    /// A writer at the beginning of an archive.
    public init() {}

    /// The header and name of a member; `entry.size` bytes of content and `padding(after:)` are to follow.
    public mutating func header(_ entry: CPIOEntry) throws(CPIOError) -> [UInt8] {
        guard let size = UInt32(exactly: entry.size) else { throw .fileTooLarge(path: entry.path) }
        guard !entry.path.isEmpty, entry.path.utf8.count < 4096, !entry.path.utf8.contains(0) else {
            throw .invalidName(position: offset)
        }
        let header = Self.header(
            inode: inode, mode: entry.mode, linkCount: entry.linkCount, time: entry.modificationTime, size: size,
            name: entry.path)
        inode += 1
        offset += UInt64(header.count) + entry.size + UInt64(Self.padding(after: entry.size).count)
        return header
    }

    /// Counts members of the archive that are written elsewhere, `length` bytes with their headers and padding.
    public mutating func skip(_ length: UInt64) { offset += length }

    /// The zeros that follow `size` bytes of content.
    public static func padding(after size: UInt64) -> [UInt8] {
        [UInt8](repeating: 0, count: Int(size.padding(to: 4)))
    }

    /// What ends the archive: the end mark, and zeros so that the whole is a multiple of 512 bytes.
    public mutating func trailer() -> [UInt8] {
        var bytes = Self.header(inode: 0, mode: 0, linkCount: 1, time: 0, size: 0, name: "TRAILER!!!")
        let length = offset + UInt64(bytes.count)
        bytes += [UInt8](repeating: 0, count: Int(length.padding(to: 512)))
        offset += UInt64(bytes.count)
        return bytes
    }

    /// A whole archive, for contents that are in memory; each entry's size is its content's.
    public static func encode(_ members: [(entry: CPIOEntry, content: [UInt8])]) throws(CPIOError) -> [UInt8] {
        var writer = CPIOWriter()
        var result: [UInt8] = []
        for (entry, content) in members {
            var entry = entry
            entry.size = UInt64(content.count)
            result += try writer.header(entry)
            result += content
            result += padding(after: entry.size)
        }
        return result + writer.trailer()
    }

    private static func header(
        inode: UInt32, mode: UInt32, linkCount: UInt32, time: UInt32, size: UInt32, name: String
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: 128 + name.utf8.count)
        writer.append(contentsOf: "070701".utf8)
        let fields = [inode, mode, 0, 0, linkCount, time, size, 0, 0, 0, 0, UInt32(name.utf8.count + 1), 0]
        for field in fields {
            let digits = String(field, radix: 16, uppercase: true)
            writer.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: 8 - digits.utf8.count))
            writer.append(contentsOf: digits.utf8)
        }
        writer.append(contentsOf: name.utf8)
        writer.append(0)
        writer.pad(to: 4)
        return writer.bytes
    }
}
