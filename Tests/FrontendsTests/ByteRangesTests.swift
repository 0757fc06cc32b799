import Testing

@testable import Frontends

@Suite struct ByteRangesTests {
    @Test(arguments: [
        ("bytes=0-0", ByteRanges.parts([0..<1])), ("bytes=0-", .parts([0..<100])), ("bytes=10-19", .parts([10..<20])),
        ("bytes=90-500", .parts([90..<100])), ("bytes=-5", .parts([95..<100])), ("bytes=-500", .parts([0..<100])),
        ("Bytes=1-2, 4-5", .parts([1..<3, 4..<6])), ("bytes=1-2,,4-5", .parts([1..<3, 4..<6])),
        ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=200-300,400-", .unsatisfiable),
        ("bytes=0-1,200-", .parts([0..<2])), ("bytes=5-4", .whole), ("bytes=a-b", .whole), ("bytes=1", .whole),
        ("lines=1-2", .whole), ("bytes=", .unsatisfiable), ("bytes=+1-2", .whole),
        ("bytes=0-99999999999999999999999", .parts([0..<100])), ("bytes=99999999999999999999999-", .unsatisfiable),
    ])
    func header(text: String, expected: ByteRanges) { #expect(ByteRanges(header: text, length: 100) == expected) }

    @Test func overlapsThatWouldMultiplyTheWholeAreIgnored() {
        #expect(ByteRanges(header: "bytes=0-,0-,0-", length: 100) == .whole)
    }

    @Test func tooManyPartsAreIgnored() {
        let list = (0..<17).map { "\($0)-\($0)" }.joined(separator: ",")
        #expect(ByteRanges(header: "bytes=\(list)", length: 100) == .whole)
    }

    @Test func nothingOfAnEmptyRepresentation() {
        #expect(ByteRanges(header: "bytes=0-", length: 0) == .unsatisfiable)
        #expect(ByteRanges(header: nil, length: 0) == .whole)
    }
}
