import CPIO
import Compression
import Schematics
import SquashFS

/// The last members of an initramfs, those that are made for each schematic, and the end of the archive: a few KiB, in about a
/// millisecond.
enum ArchiveTail {
    /// A compressed frame with `extensions.yaml`, the virtual extensions' images and the end mark of the archive that `writer`
    /// has written until then.
    static func encode(
        virtual: [(imageName: String, content: VirtualExtension)], configuration: [UInt8], layout: FileLayout,
        in writer: inout CPIOWriter
    ) throws -> [UInt8] {
        var files = [(name: "extensions.yaml", content: configuration)]
        for (imageName, content) in virtual { files.append((imageName, try squash(content, layout))) }
        files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        var archive: [UInt8] = []
        for (name, content) in files {
            let size = UInt64(content.count)
            archive += try writer.header(.file(name, size: size, modificationTime: BuildEpoch.seconds))
            archive += content + CPIOWriter.padding(after: size)
        }
        return try compress(archive + writer.trailer(), layout.tail)
    }

    /// A squashfs image with nothing compressed: the member is, and the largest of these files is a configuration.
    private static func squash(_ content: VirtualExtension, _ layout: FileLayout) throws -> [UInt8] {
        var entries = [SquashFSEntry(path: "", kind: .directory, permissions: 0o755)]
        for (index, file) in content.files.enumerated() {
            let kind: SquashFSEntry.Kind =
                file.contents.map { .file(.init(id: index, size: UInt64($0.count))) } ?? .directory
            entries.append(
                SquashFSEntry(
                    path: file.path, kind: kind, permissions: file.mode, extendedAttributes: file.extendedAttributes))
        }
        let plan = try SquashFSPlan(
            entries, compression: layout.squashFS.name, modificationTime: BuildEpoch.seconds)
        return try plan.encode(
            reading: { index, sink in try (content.files[index].contents ?? []).withUnsafeBytes(sink) },
            compressing: { $0.map { _ in nil } })
    }
}
