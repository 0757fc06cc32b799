import Bytes

extension SquashFSPlan {
    /// Compresses blocks, each on its own: for each one its compressed form, or nil where that would not be shorter. The
    /// blocks of one call may be compressed side by side.
    public typealias Compress = (_ blocks: [[UInt8]]) throws -> [[UInt8]?]

    /// Gives the content with a number to a sink, in pieces of any size.
    public typealias Read = (_ content: Int, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// Writes the image.
    ///
    /// - Parameters:
    ///   - blocksPerBatch: how many blocks are held in memory and compressed in one call.
    ///   - sink: gets everything after the superblock, front to back.
    /// - Returns: the superblock, which belongs in front of all that.
    /// - Throws: `SquashFSError`, or what the closures throw.
    public func write(
        reading read: Read, compressing compress: @escaping Compress, blocksPerBatch: Int = 16,
        to sink: @escaping ([UInt8]) throws -> Void
    ) throws -> [UInt8] {
        var data = DataArea(
            start: UInt64(Self.superblockSize), blocksPerBatch: blocksPerBatch, compress: compress, sink: sink)
        for node in nodes {
            guard case .file(let content) = node.entry.kind, content.size > 0 else { continue }
            try data.add(content, path: node.entry.path, reading: read)
        }
        try data.finish()

        var attributes = AttributeTable()
        let attributeIDs = try nodes.map { try attributes.add($0.entry.extendedAttributes, compressing: compress) }
        let (inodes, directories, references) = try tables(data, attributeIDs, compress)

        // From here on everything is known but where it lies.
        var position = data.position
        func put(_ bytes: [UInt8]) throws {
            position += UInt64(bytes.count)
            if !bytes.isEmpty { try sink(bytes) }
        }
        /// A table in metadata blocks, followed by the positions of those; returns where the positions begin.
        func putIndexed(_ table: [UInt8]) throws -> UInt64 {
            let start = position
            var blocks = MetadataArea()
            try blocks.append(table, compressing: compress)
            try blocks.finish(compressing: compress)
            try put(blocks.bytes)
            let index = position
            var writer = ByteWriter()
            for offset in blocks.blockOffsets { writer.littleEndian(start + UInt64(offset)) }
            try put(writer.bytes)
            return index
        }

        let inodeTable = position
        try put(inodes)
        let directoryTable = position
        try put(directories)
        let fragmentTable = try putIndexed(data.fragmentTable)
        var export = ByteWriter(capacity: references.count * 8)
        for reference in references { export.littleEndian(reference) }
        let exportTable = try putIndexed(export.bytes)
        // One owner: root.
        let idTable = try putIndexed([0, 0, 0, 0])
        var attributeTable = UInt64.max
        if !attributes.isEmpty {
            let pairs = position
            try attributes.finish(compressing: compress)
            try put(attributes.pairs)
            let start = position
            var blocks = MetadataArea()
            try blocks.append(attributes.ids, compressing: compress)
            try blocks.finish(compressing: compress)
            try put(blocks.bytes)
            attributeTable = position
            var writer = ByteWriter()
            writer.littleEndian(pairs)
            writer.littleEndian(UInt32(attributes.count))
            writer.littleEndian(UInt32(0))
            for offset in blocks.blockOffsets { writer.littleEndian(start + UInt64(offset)) }
            try put(writer.bytes)
        }
        let used = position
        try put([UInt8](repeating: 0, count: Int(used.padding(to: 4096))))

        guard let root = references.first else { throw SquashFSError.missingDirectory(path: "") }
        var superblock = ByteWriter(capacity: Self.superblockSize)
        superblock.append(contentsOf: "hsqs".utf8)
        superblock.littleEndian(UInt32(nodes.count))
        superblock.littleEndian(modificationTime)
        superblock.littleEndian(UInt32(Self.blockSize))
        superblock.littleEndian(UInt32(data.fragmentCount))
        superblock.littleEndian(compression.rawValue)
        superblock.littleEndian(UInt16(17))  // log2 of the block size
        // Duplicates are shared; there is an export table; 0x200: no extended attributes.
        superblock.littleEndian(UInt16(0x40 | 0x80 | (attributes.isEmpty ? 0x200 : 0)))
        superblock.littleEndian(UInt16(1))  // owners
        superblock.littleEndian(UInt16(4))
        superblock.littleEndian(UInt16(0))
        for field in [
            root, used, idTable, attributeTable, inodeTable, directoryTable, fragmentTable, exportTable,
        ] { superblock.littleEndian(field) }
        return superblock.bytes
    }

    /// The inode and the directory table, and each node's inode reference.
    private func tables(
        _ data: DataArea, _ attributeIDs: [UInt32?], _ compress: Compress
    ) throws -> (inodes: [UInt8], directories: [UInt8], references: [UInt64]) {
        var inodes = MetadataArea()
        var directories = MetadataArea()
        var references = [UInt64](repeating: 0, count: nodes.count)
        // Backwards, because a directory's listing says where its members' inodes are.
        for index in nodes.indices.reversed() {
            let node = nodes[index]
            let header = InodeHeader(
                permissions: node.entry.permissions & 0o7777, time: modificationTime, number: UInt32(index + 1))
            let bytes: [UInt8]
            switch node.entry.kind {
            case .directory:
                let listing = try DirectoryListing(
                    of: node.children.map { ($0, nodes[$0].name, nodes[$0].entry.kind.typeNumber, references[$0]) },
                    in: &directories, compressing: compress)
                // The root has no parent; its number is one that no inode has.
                let parent = index == 0 ? UInt32(nodes.count + 1) : UInt32(node.parent + 1)
                bytes = header.directory(
                    listing, linkCount: 2 + node.subdirectoryCount, parent: parent, attributes: attributeIDs[index])
            case .file(let content):
                bytes = header.file(data.extents[content.id], size: content.size, attributes: attributeIDs[index])
            case .symbolicLink(let target):
                bytes = header.symbolicLink(Array(target.utf8), attributes: attributeIDs[index])
            }
            references[index] = inodes.reference
            try inodes.append(bytes, compressing: compress)
        }
        try inodes.finish(compressing: compress)
        try directories.finish(compressing: compress)
        return (inodes.bytes, directories.bytes, references)
    }

    /// The image as one array, for small ones.
    public func encode(reading read: Read, compressing compress: @escaping Compress) throws -> [UInt8] {
        final class Collected { var bytes: [UInt8] = [] }
        let collected = Collected()
        let superblock = try write(reading: read, compressing: compress) { collected.bytes += $0 }
        return superblock + collected.bytes
    }
}
