import CodecTesting
import HTTPSemantics
import Testing

@Suite struct ByteRangesTests {
    @Test(arguments: [
        ("bytes=0-0", ByteRanges.parts([0..<1])), ("bytes=0-", .parts([0..<100])), ("bytes=10-19", .parts([10..<20])),
        ("bytes=90-500", .parts([90..<100])), ("bytes=-5", .parts([95..<100])), ("bytes=-500", .parts([0..<100])),
        ("Bytes=1-2, 4-5", .parts([1..<3, 4..<6])), ("bytes=1-2,,4-5", .parts([1..<3, 4..<6])),
        ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=200-300,400-", .unsatisfiable),
        ("bytes=0-1,200-", .parts([0..<2])), ("bytes=5-4", .whole), ("bytes=a-b", .whole), ("bytes=1", .whole),
        ("lines=1-2", .whole), ("bytes=", .unsatisfiable), ("bytes=+1-2", .whole),
        ("bytes=0-1,\u{301}", .whole), ("bytes=\u{301}0-1", .whole), ("bytes=0-1 \u{301}", .whole),
        ("BYTES=1-1", .parts([1..<2])),
        ("bytes=\t 1-1 \t", .parts([1..<2])), ("bytes= , \t,", .unsatisfiable), ("bytes", .whole), ("", .whole),
        ("bytes=0-1\r\n", .whole), ("bytes=1--2", .whole), ("bytes=--1", .whole),
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

    /// Whatever is asked, what is given exists, and is together no more than there is, unless it is one part.
    @Test(arguments: [0, 1, 100, .max] as [UInt64]) func whateverIsAskedOnlyWhatExistsIsGiven(length: UInt64) {
        for sample in [
            "bytes=0-1, 4-, -7", "bytes=1-18446744073709551615,18446744073709551614-", "bytes=-18446744073709551616",
        ] {
            exerciseDecoder(on: Array(sample.utf8)) { bytes in
                guard
                    case .parts(let parts) = ByteRanges(header: String(decoding: bytes, as: UTF8.self), length: length)
                else { return }
                #expect((1...ByteRanges.maximumParts).contains(parts.count))
                #expect(parts.allSatisfy { !$0.isEmpty && $0.upperBound <= length })
                let total = parts.reduce((sum: UInt64(0), isTooLarge: false)) {
                    let (sum, isTooLarge) = $0.sum.addingReportingOverflow($1.upperBound - $1.lowerBound)
                    return (sum, $0.isTooLarge || isTooLarge)
                }
                #expect(!total.isTooLarge && total.sum <= length)
            }
        }
    }

    @Test func nothingOfAnEmptyRepresentation() {
        #expect(ByteRanges(header: "bytes=0-", length: 0) == .unsatisfiable)
        #expect(ByteRanges(header: nil, length: 0) == .whole)
    }
}
