import Bytes

/// The names in a directory: runs of members whose inodes lie in one metadata block and have numbers near each other, each
/// run with a header of 12 bytes.
struct DirectoryListing {
    /// Where the listing begins in the directory table.
    let blockStart: UInt32
    let offset: UInt16
    /// How many bytes it has.
    private(set) var length: UInt32 = 0
    /// For finding a name in a long listing: one header of a run for each metadata block.
    private(set) var index: [(position: UInt32, blockStart: UInt32, name: [UInt8])] = []

    typealias Member = (node: Int, name: [UInt8], type: UInt16, inode: UInt64)

    /// Appends the listing of `members`, sorted by name, to `area`.
    init(of members: [Member], in area: inout MetadataArea, compressing compress: SquashFSPlan.Compress) throws {
        blockStart = area.blockStart
        offset = area.offset
        var indexedBlock = blockStart
        var rest = members[...]
        while let first = rest.first {
            // A header counts at most 256 members and their inode numbers from its first one's.
            let run = rest.prefix(256).prefix { $0.inode >> 16 == first.inode >> 16 }
            rest = rest.dropFirst(run.count)
            if area.blockStart != indexedBlock {
                indexedBlock = area.blockStart
                index.append((length, area.blockStart, first.name))
            }
            var writer = ByteWriter(capacity: 12 + run.count * 24)
            writer.littleEndian(UInt32(run.count - 1))
            writer.littleEndian(UInt32(first.inode >> 16))
            writer.littleEndian(UInt32(first.node + 1))
            for member in run {
                writer.littleEndian(UInt16(member.inode & 0xffff))
                // Members are numbered one after another, so that the difference is below 256.
                writer.littleEndian(UInt16(member.node - first.node))
                writer.littleEndian(member.type)
                writer.littleEndian(UInt16(member.name.count - 1))
                writer.append(contentsOf: member.name)
            }
            guard UInt64(length) + UInt64(writer.count) < UInt64(UInt32.max) - 3 else {
                throw SquashFSError.tooLarge("names in a directory")
            }
            length += UInt32(writer.count)
            try area.append(writer.bytes, compressing: compress)
        }
    }
}
