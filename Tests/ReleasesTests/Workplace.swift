import Digests
import Foundation
import LayoutBuilding
import OCIModel
import Releases
import Stores
import TalosModel

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
