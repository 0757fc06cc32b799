import Digests
import TalosModel

/// What became of the images of a layout.
public struct ImportReport: Hashable, Sendable {
    /// The images that are in the store now.
    public var imported: [ImportedImage] = []
    /// The images of which nothing was stored.
    public var failures: [ImportFailure] = []
    /// Entries that are not images, such as signatures and attestations, or run on other platforms.
    public var skipped: [SkippedEntry] = []

    /// An entry that was passed over.
    public struct SkippedEntry: Hashable, Sendable {
        /// The entry's name, or its digest where it has none.
        public var name: String
        /// Why it was passed over.
        public var reason: String
    }
}

/// One of the images a release consists of.
public enum ImageKind: String, Hashable, Sendable, CaseIterable {
    /// Kernel, initramfs and EFI programs for all architectures.
    case imager
    /// The program that writes Talos to a disk: installer-base from 1.10, installer before.
    case installer
    /// The list of system extensions.
    case extensionCatalog = "extension catalog"
    /// The list of overlays.
    case overlayCatalog = "overlay catalog"
    /// One system extension.
    case systemExtension = "extension"
    /// Support for some boards.
    case overlay
    /// An image of another product, which a closed network needs as well.
    case other = "image"

    /// Whether it belongs to one version of Talos.
    var isOfARelease: Bool {
        switch self {
        case .imager, .installer, .extensionCatalog, .overlayCatalog: true
        case .systemExtension, .overlay, .other: false
        }
    }

    /// Whether one platform's image holds what is needed of all of them.
    var isReadOnce: Bool {
        switch self {
        case .imager, .extensionCatalog, .overlayCatalog: true
        case .installer, .systemExtension, .overlay, .other: false
        }
    }
}

/// An image that was stored.
public struct ImportedImage: Hashable, Sendable {
    /// What it is.
    public var kind: ImageKind
    /// The name it was found under, or its digest.
    public var name: String
    /// The Talos version it belongs to; nil for extensions and overlays, which catalogs find by digest.
    public var version: TalosVersion?
    /// The digest of its index, or of its manifest when it has no index.
    public var digest: Digest
    /// The architectures it was stored for.
    public var architectures: [Architecture]
}

/// An image that was not stored.
public struct ImportFailure: Hashable, Sendable {
    /// The name it was found under, or its digest.
    public var name: String
    /// The digest of its index or manifest; nil where not even that could be had.
    public var digest: Digest?
    /// Why not.
    public var error: ReleaseError
}

/// How far an import is.
public struct ImportProgress: Hashable, Sendable {
    /// How many bytes have been dealt with.
    public var bytesDone: UInt64
    /// How many there are.
    public var bytesTotal: UInt64

    /// A state of an import.
    public init(bytesDone: UInt64, bytesTotal: UInt64) {
        self.bytesDone = bytesDone
        self.bytesTotal = bytesTotal
    }
}

/// How much an import takes before it counts as an attack.
public struct ImportLimits: Hashable, Sendable {
    /// All content of a layout that comes as an archive, in bytes. The default is 256 GiB.
    public var layoutBytes: UInt64 = 256 << 30
    /// How many bytes one byte of a layout may unpack to, on top of `archiveBase` or `unpackedBase`. The default is 64, where
    /// honest layers have up to 10.
    public var unpackedRatio: UInt64 = 64
    /// What any archive of a layout may unpack to, in bytes. The default is 1 GiB.
    public var archiveBase: UInt64 = 1 << 30
    /// What the layers of all images of any layout may unpack to, in bytes. The default is 16 GiB.
    public var unpackedBase: UInt64 = 16 << 30
    /// Members of a layout that comes as an archive. The default is 200 000.
    public var layoutEntries = 200_000
    /// Images in a layout. The default is 20 000.
    public var images = 20_000
    /// One blob of a signature or of whatever else refers to an image, in bytes. The default is 64 MiB: bills of materials have
    /// several.
    public var referrerBytes: UInt64 = 64 << 20
    /// All blobs of everything that refers to one image, in bytes. The default is 256 MiB.
    public var referrersBytes: UInt64 = 256 << 20
    /// Platforms of one image. The default is 16; Talos has two.
    public var platforms = 16
    /// How deep indexes nest in indexes. The default is 4.
    public var indexDepth = 4
    /// One layer when it is unpacked, in bytes. The default is 8 GiB.
    public var layerBytes: UInt64 = 8 << 30
    /// Members of one layer. The default is 1 000 000.
    public var layerEntries = 1_000_000
    /// One boot file, in bytes. The default is 1 GiB.
    public var bootFileBytes: UInt64 = 1 << 30
    /// One list in a catalog, in bytes. The default is 4 MiB.
    public var catalogBytes = 4 << 20

    /// The defaults.
    public static let standard = ImportLimits()

    /// Limits.
    public init() {}
}
