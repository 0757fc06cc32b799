import Compositions
import Digests
import Testing

@Suite struct CompositionTests {
    let file = StoredFile(path: "/nowhere", length: 100, digest: .of("file"))

    @Test func lengthAndSegments() {
        let composition = Composition([.bytes([1, 2, 3]), .bytes([]), .file(file), .bytes([4])])
        #expect(composition.length == 104)
        #expect(composition.segments.count == 3)
        #expect(composition.slices.map(\.range) == [0..<3, 0..<100, 0..<1])
    }

    @Test(arguments: [0..<0, 0..<1, 2..<3, 2..<4, 3..<103, 102..<104, 0..<104, 50..<60, 103..<200, 104..<105])
    func everyRangeIsMadeOfTheRightBytes(range: Range<UInt64>) {
        let composition = Composition([.bytes([1, 2, 3]), .file(file), .bytes([4])])
        // Each byte as (segment, offset), to compare with plain slicing.
        func spell(_ slices: [Composition.Slice]) -> [String] {
            slices.flatMap { slice in slice.range.map { "\(slice.segment.length)@\($0)" } }
        }
        let whole = spell(composition.slices)
        let clamped = range.clamped(to: 0..<104)
        #expect(spell(composition.slices(in: range)) == Array(whole[Int(clamped.lowerBound)..<Int(clamped.upperBound)]))
    }

    @Test func tagNamesContentAndOrder() {
        let one = Composition([.bytes([1]), .file(file)])
        #expect(one.tag == Composition([.bytes([1]), .bytes([]), .file(file)]).tag)
        #expect(one.tag != Composition([.file(file), .bytes([1])]).tag)
        #expect(one.tag != Composition([.bytes([2]), .file(file)]).tag)
        let elsewhere = StoredFile(path: "/elsewhere", length: 100, digest: .of("file"))
        #expect(one.tag == Composition([.bytes([1]), .file(elsewhere)]).tag)
    }

    @Test func emptyComposition() {
        let composition = Composition([])
        #expect(composition.length == 0)
        #expect(composition.slices(in: 0..<10).isEmpty)
    }
}
