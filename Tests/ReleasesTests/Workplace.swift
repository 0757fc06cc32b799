import Compositions
import Digests
import Foundation
import LayoutBuilding
import OCIModel
import Stores
import TalosModel
import Trust

@testable import Releases

/// A folder with a store and room for layouts, which goes with its owner.
final class Workplace {
    let path: String
    let store: EmbeddedStore
    let catalog: ReleaseCatalog

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-releases-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        store = try EmbeddedStore(root: path + "/store")
        catalog = try ReleaseCatalog(store: store)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Everything the store keeps, by path.
    func storedNames() throws -> [String] {
        let root = path + "/store"
        return (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []).filter { name in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder)
            return !isFolder.boolValue && name != "lock" && !name.hasSuffix(".lock")
        }.sorted()
    }

    /// Imports a layout as a folder.
    func importFolder(
        _ layout: OCILayout, version: TalosVersion? = nil, limits: ImportLimits = .standard
    ) throws -> ImportReport {
        let folder = "\(path)/layout-\(UUID())"
        try layout.write(toFolder: folder)
        return try catalog.importLayout(at: folder, version: version, limits: limits)
    }

    /// Imports a layout as an archive.
    func importArchive(_ layout: OCILayout, version: TalosVersion? = nil) throws -> ImportReport {
        let archive = "\(path)/layout-\(UUID()).tar"
        try layout.write(toArchive: archive)
        return try catalog.importLayout(at: archive, version: version)
    }
}

/// A release with its boot files, all of them read.
struct ReadRelease {
    struct Files {
        var kernel: StoredFile
        var initramfs: StoredFile
        var systemdStub: StoredFile?
        var systemdBoot: StoredFile?
        var billOfMaterials: StoredFile?
    }

    /// The files of the architectures whose kernel and initramfs are sound.
    var bootFiles: [Architecture: Files] = [:]
    var extensions: [OfficialExtension]
    var overlays: [OfficialOverlay]
    /// What is the matter with files.
    var problems: [String]
}

extension ReleaseCatalog {
    func versions() -> [TalosVersion] { snapshot.versions }

    /// A release and what can be read of it now; nil if it is not there.
    func release(_ version: TalosVersion) -> ReadRelease? {
        guard let summary = snapshot.summary(version) else { return nil }
        var release = ReadRelease(
            extensions: summary.extensions, overlays: summary.overlays, problems: damage(to: summary))
        for architecture in summary.architectures {
            func file(_ name: BootFileName) -> StoredFile? {
                try? readBootFile(name, of: summary, for: architecture).file
            }
            guard let kernel = file(.kernel), let initramfs = file(.initramfs) else { continue }
            release.bootFiles[architecture] = .init(
                kernel: kernel, initramfs: initramfs, systemdStub: file(.systemdStub), systemdBoot: file(.systemdBoot),
                billOfMaterials: file(.billOfMaterials))
        }
        return release
    }

    func extensionImage(_ official: OfficialExtension, architecture: Architecture) throws -> VerifiedImage {
        try readImage(official.image, for: architecture)
    }

    func overlayImage(_ overlay: OfficialOverlay, architecture: Architecture) throws -> VerifiedImage {
        try readImage(overlay.pinnedImage, for: architecture)
    }

    func installerImage(_ version: TalosVersion, architecture: Architecture) throws -> VerifiedImage {
        guard let summary = snapshot.summary(version) else {
            throw ReleaseError(.notImported, "\(version) is not there")
        }
        return try readImage(try summary.installer(), for: architecture)
    }
}

/// A whole release in a layout.
struct SampleRelease {
    var layout = OCILayout()
    var extensionDigest: Digest
    var overlayDigest: Digest

    init(_ tag: String, withImages: Bool = true) throws {
        layout.list(try layout.add(.imager(tag)), as: "ghcr.io/siderolabs/imager:\(tag)")
        layout.list(
            try layout.add(
                [.installerBase(tag), .installerBase(tag, platform: ImageContent.arm64)], attestation: true),
            as: "ghcr.io/siderolabs/installer-base:\(tag)")
        var images = OCILayout()
        let gvisor = try images.add(
            [.systemExtension("gvisor"), .systemExtension("gvisor", platform: ImageContent.arm64)], attestation: true)
        let board = try images.add([.overlay("rpi_generic"), .overlay("rpi_generic", platform: ImageContent.arm64)])
        extensionDigest = gvisor.digest
        overlayDigest = board.digest
        if withImages {
            layout.blobs.merge(images.blobs) { $1 }
            layout.list(gvisor, as: "ghcr.io/siderolabs/gvisor:20260101.0")
            layout.list(board)
        }
        let line = "ghcr.io/siderolabs/gvisor:20260101.0@\(gvisor.digest)"
        layout.list(
            try layout.add(
                .extensionCatalog(
                    imageDigests: "\(line)\n\n",
                    descriptions: """
                        \(line):
                          author: gVisor Authors
                          description: |
                            A container sandbox.
                            In two lines.

                        """)), as: "ghcr.io/siderolabs/extensions:\(tag)")
        layout.list(
            try layout.add(
                .overlayCatalog(
                    """
                    overlays:
                      - name: rpi_generic
                        image: ghcr.io/siderolabs/sbc-raspberrypi:v0.2.0
                        digest: \(board.digest)

                    """)), as: "ghcr.io/siderolabs/overlays:\(tag)")
    }
}
