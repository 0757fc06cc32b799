import CPIO
import Compositions

/// The cpio archive with microcode, which the kernel looks for, uncompressed, at the very front of an initramfs (Linux
/// Documentation/arch/x86/microcode.rst). It is a composition itself: headers around the extensions' files.
enum MicrocodeArchive {
    /// The archive's segments, a multiple of 512 bytes in all; none if there is no microcode.
    static func segments(amd: [StoredFile], intel: [StoredFile]) throws(CPIOError) -> [Segment] {
        guard !amd.isEmpty || !intel.isEmpty else { return [] }
        var writer = CPIOWriter()
        var segments: [Segment] = []
        var pending: [UInt8] = []
        for (path, links) in [("kernel", 3), ("kernel/x86", 3), ("kernel/x86/microcode", 2)] as [(String, UInt32)] {
            var entry = CPIOEntry.directory(path, modificationTime: BuildEpoch.seconds)
            entry.linkCount = links
            pending += try writer.header(entry)
        }
        for (name, files) in [("AuthenticAMD.bin", amd), ("GenuineIntel.bin", intel)] where !files.isEmpty {
            let size = files.reduce(UInt64(0)) { $0 + $1.length }
            pending += try writer.header(
                .file("kernel/x86/microcode/\(name)", size: size, modificationTime: BuildEpoch.seconds))
            segments.append(.bytes(pending))
            segments += files.map { .file($0) }
            pending = CPIOWriter.padding(after: size)
        }
        pending += writer.trailer()
        segments.append(.bytes(pending))
        return segments
    }
}
