import CPIO
import Compositions
import Compression

/// A part of the archive that extensions add to an initramfs, as it lies in a file: a squashfs image that has no name yet, and
/// whole members behind it.
///
/// The image is a run of stored blocks. Its name is a number that the extension has in one initramfs only, so the member's header
/// is made for each initramfs and put before the run, in the same frame: the kernel wants each frame to hold whole members. What
/// follows, firmware, has its names already and is compressed. No part ends an archive: that is done once, behind all of them.
public struct ArchivePart: Hashable, Sendable {
    /// The run of the image, and the members behind it.
    public var file: StoredFile
    /// How many bytes the image has.
    public var imageSize: UInt64
    /// How many bytes of archive the members behind it are, uncompressed.
    public var membersSize: UInt64

    /// Checks sizes that were read from a record.
    init?(_ file: StoredFile, imageSize: UInt64, membersSize: UInt64, layout: FileLayout) {
        // The archive has room for images of less than 4 GiB.
        guard imageSize <= UInt64(UInt32.max), membersSize < 1 << 48 else { return nil }
        self.init(file: file, imageSize: imageSize, membersSize: membersSize)
        guard runLength(layout) <= file.length else { return nil }
    }

    init(file: StoredFile, imageSize: UInt64, membersSize: UInt64) {
        self.file = file
        self.imageSize = imageSize
        self.membersSize = membersSize
    }

    /// The image with what fills its member up.
    private var contentLength: UInt64 { imageSize + UInt64(CPIOWriter.padding(after: imageSize).count) }

    private func runLength(_ layout: FileLayout) -> UInt64 { layout.framing.runLength(contentLength) }

    /// The part's segments in an archive.
    ///
    /// - Parameters:
    ///   - name: the image's name.
    ///   - writer: the archive's, which is told what these segments hold.
    ///   - withMembers: whether the members behind the image are wanted too.
    func segments(
        named name: String, layout: FileLayout, in writer: inout CPIOWriter, withMembers: Bool = true
    ) throws(CPIOError) -> [Segment] {
        let header = try writer.header(.file(name, size: imageSize, modificationTime: BuildEpoch.seconds))
        let end = runLength(layout)
        let image: [Segment] = [
            .bytes(layout.framing.opening(header)), .file(file, 0..<end),
            .bytes(layout.framing.closing(head: header.count, contentLength)),
        ]
        guard withMembers else { return image }
        writer.skip(membersSize)
        return image + [.file(file, end..<file.length)]
    }
}

extension Spool {
    /// Writes an archive part: a squashfs image, and the tree below `root` as members behind it.
    ///
    /// - Returns: how many bytes of archive those members are.
    func writePart(
        _ image: SpooledContent, _ root: TreeNode, layout: FileLayout, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> UInt64 {
        // Images that are too large for an archive are refused here and not when an initramfs is composed.
        var trial = CPIOWriter()
        _ = try trial.header(.file("0.sqsh", size: image.size, modificationTime: BuildEpoch.seconds))
        let padding = CPIOWriter.padding(after: image.size)
        let run = StoredRun(layout.framing, length: image.size + UInt64(padding.count))
        try read(image) { try run.write($0, to: sink) }
        try padding.withUnsafeBytes { try run.write($0, to: sink) }
        try run.finish(to: sink)
        return root.children.isEmpty ? 0 : try writeMembers(root, layout.firmware, to: sink)
    }
}
