import Compositions
import Digests
import TalosModel

/// What boots on one architecture: files of the release's imager image, unchanged.
public struct BootFiles: Hashable, Sendable {
    /// `vmlinuz`.
    public var kernel: StoredFile
    /// `initramfs.xz`, whatever its compression is: look at its first bytes.
    public var initramfs: StoredFile
    /// `systemd-stub.efi`, from Talos 1.5.
    public var systemdStub: StoredFile?
    /// `systemd-boot.efi`, from Talos 1.5.
    public var systemdBoot: StoredFile?
    /// `talos.spdx.json`, the bill of materials, from Talos 1.11.
    public var billOfMaterials: StoredFile?

    /// Names a release's boot files.
    public init(
        kernel: StoredFile, initramfs: StoredFile, systemdStub: StoredFile? = nil, systemdBoot: StoredFile? = nil,
        billOfMaterials: StoredFile? = nil
    ) {
        self.kernel = kernel
        self.initramfs = initramfs
        self.systemdStub = systemdStub
        self.systemdBoot = systemdBoot
        self.billOfMaterials = billOfMaterials
    }
}

/// A system extension that a release's catalog names.
public struct OfficialExtension: Hashable, Sendable, Codable {
    /// The repository's path without a registry, as schematics name it: `siderolabs/gvisor`.
    public var name: String
    /// The whole name with registry and tag.
    public var reference: String
    /// What the catalog pins it to: an index or a manifest.
    public var digest: Digest
    /// Who made it; empty where the catalog does not say.
    public var author: String
    /// What it is, perhaps in several lines; empty where the catalog does not say.
    public var description: String

    /// An entry of a catalog.
    public init(name: String, reference: String, digest: Digest, author: String = "", description: String = "") {
        self.name = name
        self.reference = reference
        self.digest = digest
        self.author = author
        self.description = description
    }
}

/// An overlay (support for one kind of board) that a release's catalog names.
public struct OfficialOverlay: Hashable, Sendable, Codable {
    /// The overlay's name inside its image: `rpi_generic`.
    public var name: String
    /// The image's repository path without a registry, as schematics name it: `siderolabs/sbc-raspberrypi`.
    public var image: String
    /// The image's whole name with registry and tag.
    public var reference: String
    /// What the catalog pins the image to.
    public var digest: Digest

    /// An entry of a catalog.
    public init(name: String, image: String, reference: String, digest: Digest) {
        self.name = name
        self.image = image
        self.reference = reference
        self.digest = digest
    }
}

/// A Talos release as far as it has been imported.
public struct Release: Hashable, Sendable {
    /// The version.
    public var version: TalosVersion
    /// What boots, for each architecture whose files are all there. The files have been checked against their digests.
    public var bootFiles: [Architecture: BootFiles]
    /// The extensions of the release's catalog, in its order; empty while the catalog has not been imported.
    public var extensions: [OfficialExtension]
    /// The overlays of the release's catalog, in its order; empty while the catalog has not been imported.
    public var overlays: [OfficialOverlay]
    /// Boot files that were imported and can't be used any more: a sentence for each.
    public var problems: [String]

    /// A release.
    public init(
        version: TalosVersion, bootFiles: [Architecture: BootFiles] = [:], extensions: [OfficialExtension] = [],
        overlays: [OfficialOverlay] = [], problems: [String] = []
    ) {
        self.version = version
        self.bootFiles = bootFiles
        self.extensions = extensions
        self.overlays = overlays
        self.problems = problems
    }
}

/// What is known of a release without reading its files.
public struct ReleaseSummary: Hashable, Sendable {
    /// The version.
    public var version: TalosVersion
    /// The architectures it can boot.
    public var architectures: [Architecture]
    /// The extensions of its catalog, in the catalog's order.
    public var extensions: [OfficialExtension]
    /// The overlays of its catalog, in the catalog's order.
    public var overlays: [OfficialOverlay]
    /// Whether the catalog of extensions has been imported.
    public var hasExtensionCatalog: Bool
    /// Whether the catalog of overlays has been imported.
    public var hasOverlayCatalog: Bool
    /// Whether the installer's image has been imported.
    public var hasInstaller: Bool
    /// For each architecture the extensions whose images have not been imported.
    public var missingExtensions: [Architecture: [OfficialExtension]]
    /// For each architecture the overlays whose images have not been imported.
    public var missingOverlays: [Architecture: [OfficialOverlay]]
}
