/// A compressed stream's format.
public enum CompressionFormat: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// RFC 1952; members concatenate.
    case gzip
    /// RFC 8878; frames concatenate.
    case zstd
    /// The .xz file format; streams concatenate.
    case xz

    /// How many bytes `init(sniffing:)` needs to see.
    public static let magicLength = 6

    /// The format whose magic number `prefix` begins with, or nil. A file's name does not tell: `initramfs.xz` of a recent
    /// Talos is zstd.
    public init?(sniffing prefix: some Collection<UInt8>) {
        if prefix.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if prefix.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstd
        } else if prefix.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]) {
            self = .xz
        } else {
            return nil
        }
    }

    public var description: String { rawValue }
}

/// The integrity check of an xz stream.
public enum XZCheck: UInt32, Hashable, Sendable {
    /// None.
    case none = 0
    /// CRC-32: with `none` the only one the Linux kernel reads in an initramfs or a squashfs.
    case crc32 = 1
    /// CRC-64, which the xz program uses unless told otherwise.
    case crc64 = 4
}

/// How to compress.
public enum CompressionSettings: Hashable, Sendable {
    /// zstd at a level of 1 to 19, in one thread so that equal input gives equal output.
    case zstd(level: Int32, checksum: Bool = false)
    /// xz at a preset of 0 to 9; `extreme` spends more time. The dictionary is the preset's unless given, in bytes.
    case xz(preset: UInt32, extreme: Bool = false, check: XZCheck = .crc32, dictionarySize: UInt32? = nil)
    /// gzip at a level of 0 (stored) to 9. The header has no name and no time.
    case gzip(level: Int32 = 6)

    /// The format it gives.
    public var format: CompressionFormat {
        switch self {
        case .zstd: .zstd
        case .xz: .xz
        case .gzip: .gzip
        }
    }
}
