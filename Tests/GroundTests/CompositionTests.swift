import Compositions
import Digests
import Testing

@Suite struct CompositionTests {
    let file = StoredFile(path: "/nowhere", length: 100, digest: .of("file"))

    @Test func lengthAndSegments() {
        let composition = Composition([.bytes([1, 2, 3]), .bytes([]), .file(file), .zeros(0), .bytes([4]), .zeros(7)])
        #expect(composition.length == 111)
        #expect(composition.segments == [.bytes([1, 2, 3]), .file(file, 0..<100), .bytes([4]), .zeros(7)])
        #expect(composition.files == [file])
    }

    @Test func whatIsOneRunIsOneSegment() {
        let other = StoredFile(path: "/other", length: 100, digest: .of("other"))
        let composition = Composition([
            .file(file, 10..<20), .file(file, 20..<20), .file(file, 20..<100), .file(other, 0..<5), .file(file, 5..<6),
            .zeros(1), .zeros(2), .bytes([0]), .file(file, 7..<8), .file(file, 9..<10),
        ])
        #expect(
            composition.segments == [
                .file(file, 10..<100), .file(other, 0..<5), .file(file, 5..<6), .zeros(3), .bytes([0]),
                .file(file, 7..<8), .file(file, 9..<10),
            ])
        #expect(composition.files == [file, other])
        #expect(Composition([.file(file, 0..<30), .file(file, 30..<100)]) == Composition([.file(file)]))
    }

    @Test func compositionsAreJoined() {
        let one = Composition([.bytes([1]), .file(file, 0..<30)])
        let two = Composition([.file(file, 30..<100), .zeros(2)])
        #expect(
            Composition(joining: [one, Composition([]), two]) == Composition([.bytes([1]), .file(file), .zeros(2)]))
    }

    /// Amounts that no file system has do not bring the process down.
    @Test func theLengthHasAnEnd() {
        let composition = Composition([.bytes([1]), .zeros(.max), .file(file), .zeros(.max)])
        #expect(composition.length == UInt64(Int64.max))
        #expect(composition.segments == [.bytes([1]), .zeros(UInt64(Int64.max) - 1)])
    }

    @Test(arguments: [
        0..<0, 0..<1, 2..<3, 2..<4, 3..<93, 92..<94, 0..<99, 50..<60, 93..<200, 98..<99, 94..<97, 150..<160,
        0..<UInt64.max,
    ])
    func everyRangeIsMadeOfTheRightBytes(range: Range<UInt64>) {
        let composition = Composition([.bytes([1, 2, 3]), .file(file, 10..<100), .bytes([4]), .zeros(5)])
        // Each byte by where it comes from, to compare with plain slicing.
        func spell(_ segments: [Segment]) -> [String] {
            segments.flatMap { segment in
                switch segment {
                case .file(_, let range): range.map { "file@\($0)" }
                case .bytes(let bytes): bytes.map { "\($0)" }
                case .zeros(let count): (0..<count).map { _ in "zero" }
                }
            }
        }
        let whole = spell(composition.segments)
        #expect(whole.count == 99)
        let clamped = range.clamped(to: 0..<99)
        #expect(
            spell(composition.segments(in: range)) == Array(whole[Int(clamped.lowerBound)..<Int(clamped.upperBound)]))
    }

    @Test func tagNamesContentAndOrder() {
        let one = Composition([.bytes([1]), .file(file)])
        #expect(one.tag == Composition([.bytes([1]), .bytes([]), .file(file)]).tag)
        #expect(one.tag != Composition([.file(file), .bytes([1])]).tag)
        #expect(one.tag != Composition([.bytes([2]), .file(file)]).tag)
        let elsewhere = StoredFile(path: "/elsewhere", length: 100, digest: .of("file"))
        #expect(one.tag == Composition([.bytes([1]), .file(elsewhere)]).tag)
    }

    @Test func everyRangeHasItsOwnTag() {
        let all: [[Segment]] = [
            [.file(file)], [.file(file, 0..<50)], [.file(file, 50..<100)], [.file(file, 1..<51)], [.zeros(50)],
            [.zeros(51)], [.bytes([UInt8](repeating: 0, count: 50))], [.file(file, 0..<50), .file(file, 0..<50)],
            [.file(file, 50..<100), .file(file, 0..<50)], [.bytes([1]), .zeros(1)], [.bytes([1, 0])],
        ]
        #expect(Set(all.map { Composition($0).tag }).count == all.count)
    }

    /// Clients hold on to tags over an upgrade: these are of the first release.
    @Test func tagsOfWholeFilesStay() {
        #expect(
            Composition([.file(file)]).tag.hexadecimal
                == "dd5656647a1f892303eaef7e123c90294a4bcf66c7efb8bdde2b5fe51b29090e")
        #expect(
            Composition([.bytes([1, 2, 3]), .file(file), .bytes([4])]).tag.hexadecimal
                == "f9620f7f905dde700ec3ea2fc07a16fdceb71ba9ba1e08b37cc36a3f356c6a62")
    }

    @Test func emptyComposition() {
        let composition = Composition([])
        #expect(composition.length == 0)
        #expect(composition.segments(in: 0..<10).isEmpty)
        #expect(composition.tag == .of(""))
    }
}
