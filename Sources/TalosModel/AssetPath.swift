/// The last part of an asset's URL, `/image/<schematic>/<version>/<path>`: what to make, and for which machine.
///
/// ```
/// kernel-<arch>                                       <platform>-<arch>[-secureboot].iso
/// cmdline-<platform>-<arch>[-secureboot]              <platform>-<arch>[-secureboot]-uki.efi
/// initramfs-<arch>.xz                                 <platform>-<arch>[-secureboot].<format>[.<compression>]
/// installer-<arch>[-secureboot].tar                   <platform>-installer-<arch>[-secureboot].tar
/// ```
///
/// Behind any of these may stand `.sha256` or `.sha512`.
public struct AssetPath: Hashable, Sendable {
    /// What is made.
    public var kind: AssetKind
    /// The platform's name, not checked against any list; `metal` where the path names none.
    public var platform: String
    /// The processor architecture.
    public var architecture: Architecture
    /// Whether it is the SecureBoot variant. A kernel or initramfs has none.
    public var secureBoot: Bool

    /// An asset.
    public init(_ kind: AssetKind, platform: String = "metal", architecture: Architecture, secureBoot: Bool = false) {
        self.kind = kind
        self.platform = platform
        self.architecture = architecture
        self.secureBoot = secureBoot
    }

    /// The path as it is written canonically; also the name of the downloaded file.
    public var path: String {
        let suffix = secureBoot ? "-secureboot" : ""
        switch kind {
        case .kernel: return "kernel-\(architecture)"
        case .initramfs: return "initramfs-\(architecture).xz"
        case .commandLine: return "cmdline-\(platform)-\(architecture)\(suffix)"
        case .iso: return "\(platform)-\(architecture)\(suffix).iso"
        case .unifiedKernelImage: return "\(platform)-\(architecture)\(suffix)-uki.efi"
        case .installer where platform == "metal": return "installer-\(architecture)\(suffix).tar"
        case .installer: return "\(platform)-installer-\(architecture)\(suffix).tar"
        case .diskImage(let format, let compression):
            let compressed = compression.map { ".\($0.rawValue)" } ?? ""
            return "\(platform)-\(architecture)\(suffix).\(format.rawValue)\(compressed)"
        case .checksum(let kind, let algorithm): return with(kind).path + algorithm.suffix
        }
    }

    /// The media type it is served as, which goes by the path's extension.
    public var contentType: String {
        switch kind {
        case .unifiedKernelImage: "application/efi"
        case .iso: "application/x-iso9660-image"
        case .initramfs, .diskImage(_, .xz): "application/x-xz"
        case .diskImage(_, .gzip), .diskImage(_, .tarGzip): "application/gzip"
        case .diskImage(.qcow2, nil): "application/x-qemu-disk"
        case .kernel, .commandLine, .installer, .diskImage: "application/octet-stream"
        case .checksum: "text/plain; charset=utf-8"
        }
    }

    /// Whether it is text that people read.
    public var isText: Bool { kind == .commandLine || checksummed != nil }

    /// The asset whose checksum this is, and which one; nil if it is none.
    public var checksummed: (asset: AssetPath, algorithm: ChecksumAlgorithm)? {
        guard case .checksum(let kind, let algorithm) = kind else { return nil }
        return (with(kind), algorithm)
    }

    private func with(_ kind: AssetKind) -> AssetPath {
        var other = self
        other.kind = kind
        return other
    }
}

extension AssetPath: CustomStringConvertible {
    /// Its ``path``.
    public var description: String { path }
}

/// What an asset is.
public enum AssetKind: Hashable, Sendable {
    /// The Linux kernel alone.
    case kernel
    /// The kernel command line as text.
    case commandLine
    /// The initramfs with the schematic's extensions.
    case initramfs
    /// A bootable ISO image.
    case iso
    /// Kernel, initramfs and command line as one EFI program.
    case unifiedKernelImage
    /// The installer's container image as an archive.
    case installer
    /// A disk that has Talos on it.
    case diskImage(DiskImageFormat, DiskImageCompression?)
    /// The digest of another asset's bytes, as the tools that are named like it read and write it.
    indirect case checksum(of: AssetKind, ChecksumAlgorithm)

    /// Whether it is a disk image, of any format.
    public var isDiskImage: Bool { if case .diskImage = self { true } else { false } }
}

/// How a checksum is computed, by its file name extension.
public enum ChecksumAlgorithm: String, Hashable, Sendable, CaseIterable {
    /// SHA-256.
    case sha256
    /// SHA-512.
    case sha512

    /// What stands behind the asset's name.
    public var suffix: String { ".\(rawValue)" }
}

/// The container format of a disk image, by its file name extension.
public enum DiskImageFormat: String, Hashable, Sendable, CaseIterable {
    /// The disk's bytes.
    case raw
    /// QEMU's.
    case qcow2
    /// Virtual PC's, which Azure takes.
    case vhd
    /// An OVF archive with a VMDK, which VMware takes.
    case ova
}

/// How a disk image is compressed, by its file name extension.
public enum DiskImageCompression: String, Hashable, Sendable, CaseIterable {
    /// A tar archive that holds `disk.raw`, compressed with gzip.
    case tarGzip = "tar.gz"
    /// gzip.
    case gzip = "gz"
    /// xz.
    case xz
    /// Zstandard.
    case zstd = "zst"
}
