import Compositions
import Digests
import Files
import Foundation
import Glibc
import SystemPackage
import Testing

/// Compositions over real files: every way to their bytes gives the same ones, and no others.
@Suite final class CompositionReadTests {
    private let folder: String
    private let content = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }

    init() throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/slipway-segments-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func store(_ content: [UInt8], _ name: String = "content") throws -> StoredFile {
        let path = "\(folder)/\(name)"
        try Data(content).write(to: URL(filePath: path))
        return StoredFile(
            path: path, length: UInt64(content.count), digest: .of(content),
            identity: try FileIdentity(at: path))
    }

    private func bytes(_ composition: Composition, _ range: Range<UInt64>? = nil) throws -> [UInt8] {
        var result: [UInt8] = []
        try composition.read(range) { result += $0 }
        return result
    }

    /// Changes a byte and puts the times back.
    private func flip(_ file: StoredFile, at offset: Int = 10) throws {
        var status = stat()
        try #require(stat(file.path, &status) == 0)
        usleep(20_000)
        let descriptor = open(file.path, O_RDWR)
        defer { close(descriptor) }
        try #require(pwrite(descriptor, [0xff], 1, off_t(offset)) == 1)
        try #require(futimens(descriptor, [status.st_atim, status.st_mtim]) == 0)
    }

    @Test func everyRangeIsReadInBothWays() throws {
        let file = try store(content)
        let other = try store(Array(content.reversed()), "other")
        let composition = Composition([
            .bytes([1, 2, 3]), .file(file, 5..<2_500_000), .zeros(1_200_000), .file(other), .bytes([4]),
            .file(file, 0..<1),
        ])
        let whole: [UInt8] =
            [1, 2, 3] + content[5..<2_500_000] + [UInt8](repeating: 0, count: 1_200_000) + content.reversed() + [4]
            + content[..<1]
        #expect(try bytes(composition) == whole)
        let reader = try CompositionReader(composition)
        let room = UnsafeMutableRawPointer.allocate(byteCount: whole.count, alignment: 16)
        defer { room.deallocate() }
        var edges: [Int] = [0]
        for segment in composition.segments { edges.append(edges[edges.count - 1] + Int(segment.length)) }
        for edge in edges {
            for (before, after) in [(0, 0), (1, 0), (0, 1), (3, 70_000), (1_500_000, 4)] {
                let range = max(0, edge - before)..<min(whole.count, edge + after)
                let wanted = UInt64(range.lowerBound)..<UInt64(range.upperBound)
                #expect(try bytes(composition, wanted).elementsEqual(whole[range]), "\(range)")
                try reader.read(wanted, to: room)
                #expect(UnsafeRawBufferPointer(start: room, count: range.count).elementsEqual(whole[range]), "\(range)")
                guard let place = reader.place(of: wanted) else { continue }
                #expect(pread(place.descriptor.rawValue, room, range.count, off_t(place.offset)) == range.count)
                #expect(UnsafeRawBufferPointer(start: room, count: range.count).elementsEqual(whole[range]), "\(range)")
            }
        }
        #expect(reader.place(of: 2..<4) == nil && reader.place(of: 0..<1) == nil)
        #expect(reader.place(of: 3..<4)?.offset == 5)
    }

    @Test func digestsAreThoseOfTheBytes() throws {
        let file = try store(content)
        let composition = Composition([.bytes([1]), .file(file, 7..<2_000_000), .zeros(9)])
        let digests = try composition.contentDigests()
        let all = try bytes(composition)
        #expect(digests.sha256 == .of(all))
        var hasher = SHA512Hasher()
        all.withUnsafeBytes { hasher.update($0) }
        let expected = hasher.finalize()
        #expect(digests.sha512 == expected)
        #expect(throws: CancellationError.self) { try composition.contentDigests(isCancelled: { true }) }
    }

    @Test func whatWasAlteredIsNotRead() throws {
        let file = try store(content)
        let composition = Composition([.file(file)])
        let reader = try CompositionReader(composition)
        // In the middle: nothing of what comes after is handed over.
        var count = 0
        #expect(throws: SegmentError.altered(path: file.path)) {
            try composition.read { piece in
                count += piece.count
                if count == 1 << 20 { try flip(file) }
            }
        }
        #expect(count == 1 << 20)
        // At the opening.
        #expect(throws: SegmentError.altered(path: file.path)) { try bytes(composition, 5..<6) }
        #expect(throws: SegmentError.altered(path: file.path)) { try CompositionReader(composition) }
        // The last bytes of one that is open.
        let room = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 16)
        defer { room.deallocate() }
        let end = composition.length
        #expect(throws: SegmentError.altered(path: file.path)) { try reader.read(end - 5..<end, to: room) }
        #expect(throws: SegmentError.altered(path: file.path)) { try reader.check(after: end - 5..<end) }
    }

    @Test func whatIsNotThereIsSaid() throws {
        let file = try store(content)
        let unchecked = StoredFile(path: file.path, length: file.length, digest: file.digest)
        #expect(throws: SegmentError.shortened(path: file.path)) {
            try bytes(Composition([.file(unchecked, 2_999_999..<3_000_001)]))
        }
        #expect(throws: SegmentError.altered(path: file.path)) {
            try bytes(Composition([.file(StoredFile(path: file.path, length: 1, digest: file.digest))]))
        }
        try #require(unlink(file.path) == 0)
        #expect(throws: SegmentError.unreadable(path: file.path, errno: ENOENT)) {
            try bytes(Composition([.file(file)]))
        }
        // A pipe without a writer, and a link to the very file.
        try #require(mkfifo(file.path, 0o600) == 0)
        #expect(throws: SegmentError.altered(path: file.path)) { try bytes(Composition([.file(unchecked)])) }
        try #require(unlink(file.path) == 0)
        let moved = try store(content, "moved")
        try #require(symlink(moved.path, file.path) == 0)
        #expect(throws: SegmentError.unreadable(path: file.path, errno: ELOOP)) {
            try bytes(Composition([.file(unchecked)]))
        }
    }
}
