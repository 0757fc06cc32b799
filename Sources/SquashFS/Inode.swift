import Bytes

extension SquashFSEntry.Kind {
    /// The number of the plain inode of this kind; the one of the extended inode is 7 more.
    var typeNumber: UInt16 {
        switch self {
        case .directory: 1
        case .file: 2
        case .symbolicLink: 3
        }
    }
}

/// What all inodes begin with: type, permissions, owner and group (as places in the id table), time, number. The extended
/// form of an inode is used only where something does not fit the plain one.
struct InodeHeader {
    var permissions: UInt16
    var time: UInt32
    var number: UInt32

    private static let noFragment = UInt32.max
    private static let noAttributes = UInt32.max

    private func begin(_ type: UInt16) -> ByteWriter {
        var writer = ByteWriter(capacity: 64)
        writer.littleEndian(type)
        writer.littleEndian(permissions)
        writer.littleEndian(UInt16(0))
        writer.littleEndian(UInt16(0))
        writer.littleEndian(time)
        writer.littleEndian(number)
        return writer
    }

    func directory(_ listing: DirectoryListing, linkCount: UInt32, parent: UInt32, attributes: UInt32?) -> [UInt8] {
        // The size counts "." and "..", which are not in the listing, as three bytes.
        let size = listing.length + 3
        if size <= UInt16.max, attributes == nil {
            var writer = begin(1)
            writer.littleEndian(listing.blockStart)
            writer.littleEndian(linkCount)
            writer.littleEndian(UInt16(size))
            writer.littleEndian(listing.offset)
            writer.littleEndian(parent)
            return writer.bytes
        }
        let index = listing.index.prefix(Int(UInt16.max))
        var writer = begin(8)
        writer.littleEndian(linkCount)
        writer.littleEndian(size)
        writer.littleEndian(listing.blockStart)
        writer.littleEndian(parent)
        writer.littleEndian(UInt16(index.count))
        writer.littleEndian(listing.offset)
        writer.littleEndian(attributes ?? Self.noAttributes)
        for entry in index {
            writer.littleEndian(entry.position)
            writer.littleEndian(entry.blockStart)
            writer.littleEndian(UInt32(entry.name.count - 1))
            writer.append(contentsOf: entry.name)
        }
        return writer.bytes
    }

    func file(_ extent: Extent?, size: UInt64, attributes: UInt32?) -> [UInt8] {
        let extent = extent ?? Extent()
        let (fragment, offset) = extent.fragment ?? (Self.noFragment, 0)
        var writer: ByteWriter
        if extent.start <= UInt32.max, extent.sparseBytes == 0, attributes == nil {
            writer = begin(2)
            writer.littleEndian(UInt32(extent.start))
            writer.littleEndian(fragment)
            writer.littleEndian(offset)
            writer.littleEndian(UInt32(truncatingIfNeeded: size))
        } else {
            writer = begin(9)
            writer.littleEndian(extent.start)
            writer.littleEndian(size)
            // The kernel takes this from the size less one to count blocks (squashfs_read_inode).
            writer.littleEndian(min(extent.sparseBytes, size > 0 ? size - 1 : 0))
            writer.littleEndian(UInt32(1))
            writer.littleEndian(fragment)
            writer.littleEndian(offset)
            writer.littleEndian(attributes ?? Self.noAttributes)
        }
        for size in extent.blockSizes { writer.littleEndian(size) }
        return writer.bytes
    }

    func symbolicLink(_ target: [UInt8], attributes: UInt32?) -> [UInt8] {
        var writer = begin(attributes == nil ? 3 : 10)
        writer.littleEndian(UInt32(1))
        writer.littleEndian(UInt32(target.count))
        writer.append(contentsOf: target)
        if let attributes { writer.littleEndian(attributes) }
        return writer.bytes
    }
}
