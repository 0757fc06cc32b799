import Compression
import SquashFS
import TalosModel

/// What an extension's segment depends on besides the extension: the same segment serves every Talos version of one
/// layout.
public struct FileLayout: Hashable, Sendable {
    /// Whether firmware and modules live below `/usr` (Talos 1.10 and later).
    public var hasMergedUsr: Bool
    /// Whether zstd is used, and not xz (Talos 1.8 and later).
    public var usesZstandard: Bool

    /// The layout of a version.
    public init(_ version: TalosVersion) {
        hasMergedUsr = version.hasMergedUsr
        usesZstandard = version.compressesWithZstandard
    }

    /// Every layout there is.
    public static let all = [TalosVersion(1, 7, 0), TalosVersion(1, 8, 0), TalosVersion(1, 10, 0)].map {
        FileLayout($0)
    }

    var libraryPath: [FileName] { hasMergedUsr ? ["usr", "lib"] : ["lib"] }
    var firmwarePath: [FileName] { libraryPath + ["firmware"] }
    var modulesPath: [FileName] { libraryPath + ["modules"] }

    /// Goes into the keys of what is stored. The number at the end changes whenever the same input would give other bytes;
    /// GoldenSegmentTests fails when it should have.
    var key: String { "\(hasMergedUsr ? "usr" : "root")-\(usesZstandard ? "zstd" : "xz")-3" }

    /// How squashfs images are compressed. At level 15 a block takes 60% of the time that it takes at 18, which the
    /// originals have, for half a percent more bytes (measured over 107 MB of programs and text); the kernel unpacks both
    /// alike.
    var squashFS: (name: SquashFSCompression, settings: CompressionSettings) {
        usesZstandard
            ? (.zstd, .zstd(level: 15))
            : (.xz, .xz(preset: 6, dictionarySize: UInt32(SquashFSPlan.blockSize)))
    }

    /// How a squashfs image lies in the initramfs: it is compressed already.
    var framing: StoredFraming { usesZstandard ? .zstd : .xz }

    /// How firmware in the initramfs is compressed.
    var firmware: CompressionSettings { usesZstandard ? .zstd(level: 6) : .xz(preset: 0, check: .crc32) }

    /// The same for what is made while somebody waits.
    var tail: CompressionSettings { usesZstandard ? .zstd(level: 1) : .xz(preset: 0, check: .crc32) }
}
