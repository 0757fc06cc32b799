import Testing

@testable import CanonicalYAML

@Suite struct EmitterTests {
    private func text(_ value: YAMLValue, foldingAt width: Int? = nil) -> String {
        String(decoding: emit(value, foldingAt: width), as: UTF8.self)
    }

    private func mapping(_ pairs: (String, YAMLValue)...) -> YAMLValue {
        .mapping(pairs.map { .init(.text($0.0), $0.1) })
    }

    @Test func nestedCollectionsAreIndentedByTheDashOrToAMultipleOfFour() {
        let value = mapping(
            (
                "list",
                .sequence([
                    .text("a"), .sequence([.text("b"), .sequence([.text("c")])]),
                    mapping(("k", .int(1)), ("m", .sequence([.text("z")])), ("q", mapping(("o", .null)))),
                ])
            ), ("empty", .mapping([])), ("none", .sequence([])))
        let expected = """
            list:
                - a
                - - b
                  - - c
                - k: 1
                  m:
                    - z
                  q:
                    o: null
            empty: {}
            none: []

            """
        #expect(text(value) == expected)
    }

    @Test(arguments: [
        ("", #""""#), ("a", "a"), ("yes", "'yes'"), ("N", "'N'"), ("<<", "'<<'"), ("12:30", "'12:30'"),
        ("-1:5:59.5_0", "'-1:5:59.5_0'"), ("1:60", "1:60"), ("1:", "'1:'"), ("007", #""007""#), ("null", #""null""#),
        ("~", #""~""#),
        ("2024-01-31", #""2024-01-31""#), ("1e400", "1e400"), ("0o8", "0o8"), ("it's: x", "'it''s: x'"),
        (" x", "' x'"), ("x ", "'x '"), ("a\tb", #""a\tb""#), ("a#b", "a#b"), ("a #b", "'a #b'"), ("a:b", "a:b"),
        ("-a", "-a"), ("- a", "'- a'"), ("?", "'?'"), ("---", "'---'"), ("...a", "'...a'"), ("@a", "'@a'"),
        ("%", "'%'"),
        ("\u{1F600}", #""\U0001F600""#), ("a\u{a0}b", "a\u{a0}b"), ("\u{feff}\u{a0}a", #""\uFEFF\_\x61""#),
        ("\r", #""\r""#), ("a\u{85}", #""a\N""#), ("\u{0}\u{1b}\u{7f}", #""\0\e\x7F""#), ("\\a", "\\a"), ("\"", "'\"'"),
        ("a\u{2028}b", "'a\u{2028}    b'"),
    ]) func stringsGetTheQuotesThatGoGivesThem(string: String, expected: String) {
        #expect(text(.text(string)) == expected + "\n")
    }

    @Test(arguments: [
        ("a\nb", "|-\n        a\n        b\n"), ("a\n", "|\n        a\n"), ("a\n\n", "|+\n        a\n\n"),
        (" a\nb", "|4-\n         a\n        b\n"), ("\na", "|-\n\n        a\n"), ("a \nb", "\"a \\nb\"\n"),
        ("\n\n", "\"\\n\\n\"\n"),
        ("a\n b", "|-\n        a\n         b\n"), ("a\tb\nc", "|-\n        a\tb\n        c\n"),
        ("a\r\n", "\"a\\r\\n\"\n"),
        ("a\n ", "\"a\\n \"\n"), ("\u{3000}\n", "\"\u{3000}\\n\"\n"),
    ]) func textOfSeveralLinesIsALiteralBlockWhereThatIsPossible(string: String, expected: String) {
        #expect(text(mapping(("k", mapping(("v", .text(string)))))) == "k:\n    v: " + expected)
    }

    @Test func longAndMultilineKeysAreExplicit() {
        let long = String(repeating: "k", count: 129)
        let value = mapping(
            (String(repeating: "k", count: 128), .int(1)), (long, .sequence([.int(1)])),
            ("a\nb", mapping(("x", .int(2)))))
        let expected = """
            \(String(repeating: "k", count: 128)): 1
            ? \(long)
            :   - 1
            ? |-
                a
                b
            :   x: 2

            """
        #expect(text(value) == expected)
    }

    @Test func bytesThatAreNotTextAreBase64() {
        #expect(text(mapping(("k", .string([0xff])))) == "k: !!binary /w==\n")
        let long = [UInt8](repeating: 0xff, count: 54)
        let expected = "k: !!binary |\n    \(String(repeating: "/", count: 70))\n    //\n"
        #expect(text(mapping(("k", .string(long)))) == expected)
    }

    @Test(
        arguments: [
            (1.0, "1"), (1000, "1000"), (100_000, "100000"), (1_000_000, "1e+06"), (1_234_567, "1.234567e+06"),
            (123_456_789, "1.23456789e+08"), (999_999.5, "999999.5"), (0.0001, "0.0001"), (0.00001, "1e-05"),
            (1e21, "1e+21"),
            (1e100, "1e+100"), (-0.0, "-0"), (0.0, "0"), (-1.5, "-1.5"), (.infinity, ".inf"), (-.infinity, "-.inf"),
            (.nan, ".nan"), (.leastNonzeroMagnitude, "5e-324"), (.greatestFiniteMagnitude, "1.7976931348623157e+308"),
            (0.1, "0.1"),
            (123_456_789_012_345_683_968, "1.2345678901234568e+20"),
        ] as [(Double, String)]) func numbersAreWrittenAsGoDoes(number: Double, expected: String)
    {
        #expect(text(.float(number)) == expected + "\n")
    }

    @Test func longLinesAreFoldedAtLoneBlanks() {
        let words = Array(repeating: "word", count: 20).joined(separator: " ")
        #expect(!text(mapping(("k", .text(words)))).dropLast().contains("\n"))
        #expect(
            text(mapping(("k", .text(words))), foldingAt: 40) == """
                k: word word word word word word word word
                    word word word word word word word word
                    word word word word

                """)
        let quoted = text(mapping(("k", .text("# " + words))), foldingAt: 40)
        #expect(quoted.split(separator: "\n").allSatisfy { $0.utf8.count <= 46 })
        let doubled = text(mapping(("k", .text(String(repeating: "a  b", count: 20)))), foldingAt: 20)
        #expect(doubled == "k: " + String(repeating: "a  b", count: 20) + "\n")
        let escaped = text(mapping(("k", .text("\u{7}" + String(repeating: "a  ", count: 12) + "b"))), foldingAt: 20)
        #expect(escaped == "k: \"\\aa  a  a  a  a  a\n    \\ a  a  a  a  a  a\n    \\ b\"\n")
    }

    @Test func textBeyondTheLimitIsNotFinished() {
        let value = YAMLValue.sequence(Array(repeating: .text("abcdefgh"), count: 1000))
        #expect(emit(value, sizeLimit: 1000) == nil)
        #expect(emit(value, sizeLimit: 11_000) == emit(value))
    }
}
