import Compositions
import Digests
import Foundation
import Imaging
import Stores
import Testing

/// Digests of compositions are computed once and remembered.
@Suite struct ContentDigestTests {
    private let releases: TestReleases
    private let content = (0..<2_500_000).map { UInt8(truncatingIfNeeded: $0 &* 13 ^ $0 >> 7) }

    init() throws { releases = try TestReleases() }

    @Test func theyAreRememberedByTag() throws {
        let file = try releases.store.put(content)
        let composition = Composition([.bytes([1, 2]), .file(file, 5..<2_000_000), .zeros(3)])
        let imager = releases.imager()
        #expect(try imager.storedDigests(of: composition) == nil)
        let digests = try imager.digests(of: composition)
        #expect(digests == (try composition.contentDigests()))
        #expect(digests.sha256 == .of([1, 2] + content[5..<2_000_000] + [0, 0, 0]))
        // From now on nothing is read.
        try FileManager.default.removeItem(atPath: file.path)
        #expect(try imager.storedDigests(of: composition) == digests)
        #expect(try imager.digests(of: composition, isCancelled: { true }) == digests)
        #expect(try releases.imager().storedDigests(of: Composition(joining: [composition])) == digests)
    }

    @Test func whatIsInMemoryIsNotKept() throws {
        let composition = Composition([.bytes([1, 2, 3]), .zeros(100_000)])
        let imager = releases.imager()
        let known = try #require(try imager.storedDigests(of: composition))
        #expect(known.sha256 == .of([1, 2, 3] + [UInt8](repeating: 0, count: 100_000)))
        #expect(try imager.digests(of: composition) == known)
        #expect(!FileManager.default.fileExists(atPath: releases.store.root + "/records/content-digests"))
    }

    @Test func onlyWhatWasCheckedIsRemembered() throws {
        let file = try releases.store.put(content)
        let imager = releases.imager()
        let unchecked = Composition([
            .file(StoredFile(path: file.path, length: file.length, digest: .of("something else")))
        ])
        _ = try imager.digests(of: unchecked)
        #expect(try imager.storedDigests(of: unchecked) == nil)
        let composition = Composition([.file(file)])
        let cancelled = #expect(throws: ImagingError.self) {
            try imager.digests(of: composition, isCancelled: { true })
        }
        #expect(cancelled?.code == .cancelled)
        try Data([1, 2, 3]).write(to: URL(filePath: file.path))
        let altered = #expect(throws: ImagingError.self) { try imager.digests(of: composition) }
        #expect(altered?.code == .store(.corrupt))
        #expect(try imager.storedDigests(of: composition) == nil)
    }
}
