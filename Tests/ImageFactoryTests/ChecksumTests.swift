import Compositions
import FolderTesting
import Foundation
import LayoutBuilding
import Releases
import Schematics
import TalosModel
import Testing

@testable import ImageFactory

/// Checksums of assets, as a factory remembers them.
@Suite(.timeLimit(.minutes(10))) struct ChecksumTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    private func text(_ path: String, of id: String, fileName: String? = nil) async throws -> String {
        let asset = try await workshop.factory.asset(
            schematic: id, version: Workshop.version, path: path, fileName: fileName)
        var bytes: [UInt8] = []
        try #require(asset.composition).read { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func itIsRememberedWithoutItsAsset() async throws {
        let id = try await workshop.schematic([])
        let text = try await text("kernel-amd64.sha256", of: id)
        #expect(text == "\(workshop.digest(of: workshop.release.kernel))  kernel-amd64\n")
        let blob = "\(workshop.folder.path)/store/blobs/sha256/\(workshop.digest(of: workshop.release.kernel))"
        try FileManager.default.removeItem(atPath: blob)
        #expect(try await self.text("kernel-amd64.sha256", of: id) == text)
        #expect(try await workshop.remembered("kernel-amd64.sha256", of: id)?.fileName == "kernel-amd64.sha256")
    }

    @Test func aNameOfOnesOwnIsNotRemembered() async throws {
        let id = try await workshop.schematic([])
        for name in ["a", "b"] {
            #expect(try await text("kernel-amd64.sha256", of: id, fileName: name).hasSuffix("  \(name)\n"))
        }
        #expect(try await workshop.remembered("kernel-amd64.sha256", of: id) == nil)
        #expect(workshop.built == 1, "one pass for all names")
        // That of anything else is: its bytes do not depend on the name.
        let kernel = try await workshop.factory.asset(
            schematic: id, version: Workshop.version, path: "kernel-x86_64", fileName: "mine")
        #expect(kernel.fileName == "mine")
        let version = try TalosVersion(parsing: Workshop.version)
        let key = Factory.AssetKey(
            schematic: try #require(SchematicID(parsing: id)), version: version,
            path: AssetPath(.kernel, architecture: .amd64),
            revision: try #require(workshop.factory.releases.summary(version)).revision)
        #expect(workshop.factory.assets[key]?.fileName == "kernel-amd64", "the stranger's own text is not kept")
        #expect(try await workshop.remembered("kernel-amd64", of: id)?.fileName == "kernel-amd64")
    }

    @Test func otherBytesHaveAnotherChecksum() async throws {
        let id = try await workshop.schematic([])
        let first = try await text("initramfs-amd64.xz.sha512", of: id)
        let other = try await text(
            "initramfs-amd64.xz.sha512", of: try await workshop.schematic(["gvisor"]))
        #expect(first.utf8.dropFirst(128).elementsEqual("  initramfs-amd64.xz\n".utf8))
        #expect(first != other)
        #expect(workshop.built == 3, "two passes and an extension")
    }
}
