import CPIO
import Compression
import Schematics
import SquashFS

/// The last member of an initramfs, the one that is made for each schematic: a few KiB, in about a millisecond.
enum SchematicMember {
    /// The member with `extensions.yaml` and the virtual extensions' images.
    static func encode(
        virtual: [(imageName: String, content: VirtualExtension)], configuration: [UInt8], layout: FileLayout
    ) throws -> [UInt8] {
        var files = [(name: "extensions.yaml", content: configuration)]
        for (imageName, content) in virtual { files.append((imageName, try squash(content, layout))) }
        files.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let archive = try CPIOWriter.encode(
            files.map {
                (.file($0.name, size: UInt64($0.content.count), modificationTime: BuildEpoch.seconds), $0.content)
            })
        return try compress(archive, layout.quickMember)
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
