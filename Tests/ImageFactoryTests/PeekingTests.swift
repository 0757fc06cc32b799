import FolderTesting
import Foundation
import Imaging
import LayoutBuilding
import TalosModel
import Testing

@testable import ImageFactory

/// Lengths are told of what is there, and nothing is done for it.
@Suite(.timeLimit(.minutes(10))) struct PeekingTests {
    private let workshop: Workshop
    private let version: TalosVersion

    init() throws {
        workshop = try Workshop()
        version = try TalosVersion(parsing: Workshop.version)
    }

    private func length(_ path: String, of id: String) async throws -> UInt64? {
        let schematic = try await workshop.factory.schematic(id)
        return try await workshop.factory.knownLength(
            of: AssetOrder(AssetPath(parsing: path), of: schematic, version: version))
    }

    @Test func nothingIsWrittenAndNoBootFileIsRead() async throws {
        let id = try await workshop.schematic(["gvisor"])
        let bare = try await workshop.schematic([])
        // As long as they were, and other bytes: whoever read them would find that out, and move them aside.
        for content in [workshop.release.kernel, workshop.release.initramfs] {
            let path = "\(workshop.folder.path)/store/blobs/sha256/\(workshop.digest(of: content))"
            let file = try FileHandle(forWritingTo: URL(filePath: path))
            try file.write(contentsOf: Data([content[0] ^ 1]))
            try file.close()
        }
        let before = try workshop.files()
        #expect(try await length("kernel-amd64", of: id) == UInt64(workshop.release.kernel.count))
        #expect(try await length("initramfs-amd64.xz", of: id) == nil)
        let known = try #require(try await length("initramfs-amd64.xz", of: bare))
        #expect(known > UInt64(workshop.release.initramfs.count))
        #expect(try await length("cmdline-metal-amd64", of: id) != nil)
        #expect(try workshop.files() == before)
        // Whoever wants the bytes is told.
        let error = await #expect(throws: FactoryError.self) {
            try await workshop.factory.asset(schematic: id, version: Workshop.version, path: "kernel-amd64")
        }
        #expect(error?.code == .storage)
    }

    @Test func aFileThatIsGoneHasNoLength() async throws {
        let id = try await workshop.schematic([])
        let digest = workshop.digest(of: workshop.release.kernel)
        try FileManager.default.removeItem(atPath: "\(workshop.folder.path)/store/blobs/sha256/\(digest)")
        let error = await #expect(throws: FactoryError.self) { try await length("kernel-amd64", of: id) }
        #expect(error?.code == .storage && error?.message.contains("import the imager image again") == true)
    }

    @Test func whatCannotBeMadeHasNoLength() async throws {
        let id = try await workshop.schematic([])
        let disk = await #expect(throws: FactoryError.self) { try await length("metal-amd64.raw.zst", of: id) }
        #expect(disk?.code == .notSupported)
        #expect(
            disk?.message
                == "metal-amd64.raw.zst: this version of Slipway makes kernel, cmdline and initramfs, and no other images yet"
        )
        let platform = await #expect(throws: FactoryError.self) { try await length("nowhere-amd64.iso", of: id) }
        #expect(platform?.code == .invalidRequest && platform?.message == "unknown platform: \"nowhere\"")
    }
}
