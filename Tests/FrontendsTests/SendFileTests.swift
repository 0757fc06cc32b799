import Compositions
import Digests
import SystemPackage
import Testing

@testable import Frontends

@Suite struct SendFileTests {
    private static let mebibyte = 1 << 20

    private func ends(of range: Range<Int>, isCached: Bool) -> [Int] {
        let event = SendFile(
            descriptor: FileDescriptor(rawValue: -1),
            file: StoredFile(path: "", length: UInt64(range.upperBound), digest: Digest.of([])),
            range: range)
        var ends: [Int] = []
        var start = range.lowerBound
        while start < range.upperBound, ends.count < 100 {
            start = event.end(from: start) { _ in isCached }
            ends.append(start)
        }
        return ends
    }

    @Test func whatIsInMemoryGoesInLongStepsButForTheLast() {
        let ends = ends(of: 0..<38 * Self.mebibyte, isCached: true)
        #expect(ends == [16, 32, 36, 38].map { $0 * Self.mebibyte })
        #expect(
            self.ends(of: 5..<(5 + 36 * Self.mebibyte), isCached: true)
                == [16, 32, 36].map { 5 + $0 * Self.mebibyte })
    }

    @Test func whatIsOnDiskGoesInShortSteps() {
        let ends = ends(of: 0..<9 * Self.mebibyte, isCached: false)
        #expect(ends == [4, 8, 9].map { $0 * Self.mebibyte })
    }

    @Test(arguments: [1, 4 << 20, (4 << 20) + 1, 6_000_000, 8 << 20, (16 << 20) + 1, (20 << 20) - 1], [true, false])
    func theLastStepIsAShortOne(length: Int, isCached: Bool) {
        let ends = ends(of: 3..<(3 + length), isCached: isCached)
        #expect(ends.last == 3 + length)
        #expect(ends == ends.sorted() && Set(ends).count == ends.count)
        let last = 3 + length - (ends.dropLast().last ?? 3)
        #expect((1...SendFile.step).contains(last))
    }
}
