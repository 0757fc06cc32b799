import Compositions
import Digests
import Foundation
import LayoutBuilding
import OCIModel
import Releases
import Stores
import TalosModel
import Testing
import Trust

/// Layouts whose images share blobs: each blob is there once, and every image that needs it is stored, in whatever order they
/// stand.
@Suite struct SharedBlobsTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    private func importBoth(_ layout: OCILayout, isArchive: Bool) throws -> ImportReport {
        try isArchive ? place.importArchive(layout) : place.importFolder(layout)
    }

    /// What Talos 1.6 to 1.9 are like: installer and imager begin with the same layer; further images with the same and others.
    private static let names = ["installer:v1.9.5", "imager:v1.9.5", "imager:v1.9.4", "installer:v1.9.4", "x:v1"]

    private static let orders: [[Int]] = {
        // Every rotation, forwards and backwards, and each of the first three in front of each other.
        let all = Array(names.indices)
        let rotations = all.map { start in all.map { (start + $0) % all.count } }
        return rotations + rotations.map { $0.reversed() }
    }()

    @Test(arguments: orders, [false, true])
    func imagesWithCommonLayersAreStoredInAnyOrder(_ order: [Int], isArchive: Bool) throws {
        var layout = OCILayout()
        let common = ImageContent.imager("v1.9.5").layers[0]
        var entries: [Descriptor] = []
        for name in Self.names {
            var image: ImageContent
            switch name {
            case "x:v1":
                image = .systemExtension("x")
                image.layers.append([folder("rootfs/usr/local/more")])
            case "imager:v1.9.4": image = ImageContent([common, [file("usr/install/amd64/vmlinuz", "older")]])
            default:
                image = ImageContent([common, [folder("bin"), file("bin/installer", name.hasSuffix("5") ? "5" : "4")]])
                image.entrypoint = ["/bin/installer"]
            }
            entries.append(try layout.add(image))
        }
        for index in order { layout.list(entries[index], as: "ghcr.io/siderolabs/\(Self.names[index])") }
        let report = try importBoth(layout, isArchive: isArchive)
        #expect(report.failures.isEmpty, "\(report.failures.map(\.error.message))")
        #expect(report.imported.count == Self.names.count)
        #expect(place.catalog.versions().map(\.tag) == ["v1.9.4", "v1.9.5"])
        for (patch, kernel) in [(5, "vmlinuz of v1.9.5 for amd64"), (4, "older")] as [(UInt64, String)] {
            let version = TalosVersion(1, 9, patch)
            let release = try #require(place.catalog.release(version))
            #expect(try release.bootFiles[.amd64]?.kernel.contents(limit: 100) == Array(kernel.utf8))
            #expect(release.bootFiles[.arm64] != nil && release.problems.isEmpty)
            #expect(try place.catalog.installerImage(version, architecture: .amd64).layers.count == 2)
        }
        #expect(try place.storedNames().filter { $0.hasPrefix("temporary") || $0.hasPrefix("corrupt") }.isEmpty)
    }

    @Test(arguments: [false, true])
    func oneImageMayHaveManyNames(isArchive: Bool) throws {
        var layout = OCILayout()
        let installer = try layout.add([
            .installerBase("v1.13.5"), .installerBase("v1.13.5", platform: ImageContent.arm64),
        ])
        let imager = try layout.add(.imager("v1.13.5"))
        let gvisor = try layout.add([.systemExtension("gvisor")])
        for tag in ["v1.13.5", "v1.13.6"] {
            layout.list(installer, as: "ghcr.io/siderolabs/installer-base:\(tag)")
            layout.list(imager, as: "ghcr.io/siderolabs/imager:\(tag)")
            layout.list(gvisor, as: "ghcr.io/siderolabs/gvisor:\(tag)")
            layout.list(gvisor, as: "registry.example/mirror/gvisor:\(tag)")
        }
        let report = try importBoth(layout, isArchive: isArchive)
        #expect(report.failures.isEmpty, "\(report.failures.map(\.error.message))")
        #expect(report.imported.count == 8)
        #expect(place.catalog.versions().map(\.tag) == ["v1.13.5", "v1.13.6"])
        for version in place.catalog.versions() {
            #expect(place.catalog.release(version)?.bootFiles.count == 2)
            #expect(try place.catalog.installerImage(version, architecture: .arm64).layers.count == 1)
        }
    }

    /// One image that cannot be stored takes none of those that share its blobs along.
    @Test(arguments: [false, true])
    func anImageThatFailsLeavesTheBlobsOfOthers(isArchive: Bool) throws {
        var layout = OCILayout()
        let common = ImageContent.imager("v1.9.5").layers[0]
        layout.list(try layout.add(ImageContent([common, [file("../x", "")]])), as: "ghcr.io/siderolabs/imager:v1.9.3")
        layout.list(
            try layout.add(ImageContent([common], entrypoint: ["/bin/installer"])),
            as: "ghcr.io/siderolabs/installer:v1.9.5")
        layout.list(try layout.add(ImageContent([common, [file("../x", "")]])), as: "ghcr.io/siderolabs/imager:v1.9.4")
        layout.list(try layout.add(ImageContent([common])), as: "ghcr.io/siderolabs/imager:v1.9.5")
        let report = try importBoth(layout, isArchive: isArchive)
        #expect(report.failures.map(\.error.code) == [.unsafePath, .unsafePath])
        #expect(report.imported.map(\.kind) == [.installer, .imager])
        #expect(place.catalog.versions().map(\.tag) == ["v1.9.5"])
    }

    /// The store has one file of a damaged disk: the image is whole again, and so is the file.
    @Test func aBlobThatIsDamagedInTheStoreIsReplaced() throws {
        var layout = OCILayout()
        layout.list(try layout.add(.imager("v1.13.5")), as: "siderolabs/imager:v1.13.5")
        _ = try place.importFolder(layout)
        let kernel = try #require(place.catalog.release(TalosVersion(1, 13, 5))?.bootFiles[.amd64]?.kernel)
        try Data("rotten".utf8).write(to: URL(fileURLWithPath: kernel.path))
        #expect(try place.importFolder(layout).failures.isEmpty)
        #expect(try place.store.blob(kernel.digest)?.contents(limit: 100) == Array("vmlinuz of v1.13.5 for amd64".utf8))
    }
}
