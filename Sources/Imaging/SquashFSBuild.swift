import CPIO
import Compression
import SquashFS

extension Spool {
    /// A squashfs image of the tree below `root`, as a content of this spool.
    ///
    /// - Parameter share: the processors, one of which the caller has.
    func squash(_ root: TreeNode, layout: FileLayout, share: ProcessorShare) throws -> SpooledContent {
        var entries: [SquashFSEntry] = [squashFSEntry("", root)]
        try root.forEachDescendant { path, node in
            try ImagingError.check(isCancelled)
            entries.append(squashFSEntry(path, node))
        }
        let plan = try SquashFSPlan(
            entries, compression: layout.squashFS.name, modificationTime: BuildEpoch.seconds)
        let compression = ParallelCompression(layout.squashFS.settings, share: share)
        begin(sharing: false)
        try append([UInt8](repeating: 0, count: SquashFSPlan.superblockSize))
        let superblock = try plan.write(
            reading: { id, sink in try self.read(self.content(id), sink) },
            compressing: { blocks in
                try ImagingError.check(self.isCancelled)
                return try compression.compress(blocks)
            }, blocksPerBatch: compression.blocksPerBatch
        ) { try self.append($0) }
        let image = finish()
        try overwrite(image, with: superblock)
        return image
    }

    private func squashFSEntry(_ path: String, _ node: TreeNode) -> SquashFSEntry {
        let kind: SquashFSEntry.Kind =
            switch node.kind {
            case .directory: .directory
            case .file(let content): .file(.init(id: content.id, size: content.size))
            case .symbolicLink(let target): .symbolicLink(target: target)
            }
        return SquashFSEntry(
            path: path, kind: kind, permissions: UInt16(node.permissions & 0o7777),
            extendedAttributes: node.label.map { ["security.selinux": $0] } ?? [:])
    }

    /// The tree below `root` as members of a cpio archive, without its end mark, in a frame of their own. Links are not
    /// expected in it.
    ///
    /// - Returns: how many bytes of archive they are.
    func writeMembers(
        _ root: TreeNode, _ settings: CompressionSettings, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> UInt64 {
        let compressor = try Compressor(settings)
        var writer = CPIOWriter()
        try root.forEachDescendant { path, node in
            try ImagingError.check(isCancelled)
            switch node.kind {
            case .directory:
                var entry = CPIOEntry.directory(
                    path, permissions: node.permissions, modificationTime: BuildEpoch.seconds)
                entry.linkCount += UInt32(node.children.values.count(where: \.isDirectory))
                try compressor.write(try writer.header(entry), to: sink)
            case .file(let content):
                let entry = CPIOEntry.file(
                    path, permissions: node.permissions, size: content.size, modificationTime: BuildEpoch.seconds)
                try compressor.write(try writer.header(entry), to: sink)
                try read(content) { try compressor.write($0, to: sink) }
                try compressor.write(CPIOWriter.padding(after: content.size), to: sink)
            case .symbolicLink:
                throw ImagingError(.unexpected, "'\(path)' is a link where none can be")
            }
        }
        try compressor.finish(to: sink)
        return writer.length
    }
}
