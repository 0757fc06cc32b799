import Compositions
import Digests
import ImageFactory
import Testing

/// The factory's digests of assets, over the assembled factory.
@Suite struct DigestsTests {
    @Test func anAssetsDigestsAreKnownOnceTheyWereAskedFor() async throws {
        let site = try Site()
        let id = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor]}}")
        let bytes = try await site.bytes(of: "initramfs-amd64.xz", schematic: id)
        let asset = try await site.factory.asset(schematic: id, version: Site.version, path: "initramfs-amd64.xz")
        #expect(try await site.factory.knownDigests(of: asset.composition) == nil)
        let digests = try await withThrowingTaskGroup(of: ContentDigests.self) { group in
            for _ in 0..<8 { group.addTask { try await site.factory.digests(of: asset.composition) } }
            return try await group.reduce(into: Set<ContentDigests>()) { $0.insert($1) }
        }
        #expect(digests.count == 1)
        #expect(digests.first?.sha256 == .of(bytes))
        #expect(try await site.factory.knownDigests(of: asset.composition) == digests.first)
    }
}
