import CanonicalYAML
import Testing

/// How bytes become characters, and how far they are read.
@Suite struct LoadingReaderTests {
    @Test(
        arguments: [
            ([0xFF, 0xFE, 0x61, 0x00, 0x3D, 0xD8, 0x00, 0xDE], "p<a\u{1F600}>"),
            ([0xFE, 0xFF, 0x00, 0x61, 0xD8, 0x3D, 0xDE, 0x00], "p<a\u{1F600}>"),
            ([0xEF, 0xBB, 0xBF, 0x61], "p<a>"),
            ([0x61, 0xC2, 0x80], "p<a\u{80}>"),
        ] as [([UInt8], String)])
    func encodingGoesByTheByteOrderMark(_ bytes: [UInt8], _ expected: String) {
        #expect(outline(bytes) == expected)
    }

    @Test(
        arguments: [
            ([0x00], "control characters are not allowed (value: 0)"),
            ([0x61, 0xEF, 0xBF, 0xBF], "control characters are not allowed (value: 65535)"),
            ([0xFF], "invalid leading UTF-8 octet (value: 255)"),
            ([0xC3], "incomplete UTF-8 octet sequence"),
            ([0xC3, 0x28], "invalid trailing UTF-8 octet (value: 40)"),
            ([0xC0, 0x80], "invalid length of a UTF-8 sequence"),
            ([0xED, 0xA0, 0x80], "invalid Unicode character (value: 55296)"),
            ([0xFF, 0xFE, 0x61], "incomplete UTF-16 character"),
            ([0xFF, 0xFE, 0x00, 0xDC], "unexpected low surrogate area (value: 56320)"),
            ([0xFF, 0xFE, 0x00, 0xD8], "incomplete UTF-16 surrogate pair"),
            ([0xFF, 0xFE, 0x00, 0xD8, 0x22, 0x00], "expected low surrogate area (value: 34)"),
        ] as [([UInt8], String)])
    func whatIsNoCharacterIsRefused(_ bytes: [UInt8], _ message: String) {
        #expect(outline(bytes) == "go-yaml load error in reader at <unknown position>: \(message)")
    }

    @Test func aCharacterMayLieAcrossChunks() {
        for padding in 505...512 {
            let text = String(repeating: "a", count: padding) + "\u{1F600}\u{e9}"
            #expect(outline(text) == "p<\(text)>")
        }
    }

    @Test func onlyChunksThatWereReadAreChecked() {
        #expect(outline("{}\n---\n\u{1}\n").hasSuffix("control characters are not allowed (value: 1)"))
        #expect(outline("{}\n---\n" + String(repeating: "a: b\n", count: 300) + "\u{1}\n") == "{}")
    }

    @Test(arguments: ["{} x", "{}{}", "{} ]", "{} a b @", "{}\n---\n[[[", "{}\n---\na: @"])
    func whatFollowsTheDocumentNeedNotParse(_ text: String) {
        #expect(outline(text) == "{}")
    }

    @Test(arguments: ["{} @", "{} \"", "{} [ @", "{}\n--- %", "{}\n...\n@"])
    func whatTheScannerReachesMustScan(_ text: String) {
        #expect(outline(text).hasPrefix("go-yaml load error in scanner"))
    }

    @Test func aSecondByteOrderMarkCostsTheNextLinesTheirFirstCharacter() {
        #expect(outline("\u{FEFF}\u{FEFF}a: b\nxc: d\n") == "{p<a>: p<b>, p<c>: p<d>}")
        #expect(outline("a: b\n\u{FEFF}c: d\n") == "{p<a>: p<b>, p<\u{FEFF}c>: p<d>}")
    }
}
