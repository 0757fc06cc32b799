import CodecTesting
import Testing

@testable import CanonicalYAML

/// What documents mean, tried on one struct and on maps without a struct. That the answers are Go's is tested with the
/// schematics' vectors.
@Suite struct DecodeTests {
    private static let record = RecordType(
        "test.Record",
        fields: [
            ("text", .string), ("flag", .bool), ("small", .unsigned(bits: 8, type: "uint8")),
            ("list", .list(of: .string)),
            ("any", .map), ("word", .choice(Choice("test.Word", words: ["one", "two"]))),
        ])

    private func decoded(_ text: String, isStrict: Bool = true) -> String {
        do throws(DecodingFailure) {
            return try decode(Array(text.utf8), as: .record(Self.record), isStrict: isStrict) { value in
                value.map { String(decoding: emit($0), as: UTF8.self) } ?? "nothing"
            }
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        ("text: 1.50", "text: \"1.50\"\n"), ("text: !!binary /w==", "text: !!binary /w==\n"), ("text: ~", "{}\n"),
        ("flag: 'yes'", "flag: true\n"), ("small: 1e2", "small: 100\n"),
        ("list: [a, ~, 2]", "list:\n    - a\n    - \"2\"\n"),
        ("list: ~", "list: []\n"), ("word: TWO", "word: two\n"), ("~", "nothing"),
        ("any: {b: <<, a: [<<, 1]}", "any:\n    a:\n        - 1\n"),
        ("text: a\n<<: {text: b, flag: true}", "text: a\nflag: true\n"),
        ("<<: [{small: 1}, {small: 2, flag: on}]", "flag: true\nsmall: 1\n"),
        ("any: {<<: {a: 1, b: {c: 1}}, b: {d: 2}}", "any:\n    a: 1\n    b:\n        d: 2\n"),
        ("any: {k: {1: a, <<: {\"1\": b}}}", "any:\n    k:\n        1: a\n        \"1\": b\n"),
        ("any: {1: a, <<: {\"1\": b}}", "any:\n    \"1\": b\n"),
        ("any: {k: {0.0: a, -0.0: b, .nan: c}}", "any:\n    k:\n        -0: b\n        .nan: null\n"),
        ("any: {k: {2001-1-1: a, 2001-01-01: b}}", "any:\n    k:\n        2001-01-01T00:00:00Z: b\n"),
        ("any: {a: &x {b: 1}, c: *x}", "any:\n    a:\n        b: 1\n    c:\n        b: 1\n"),
    ]) func documentsAreReadAsGoDoes(text: String, expected: String) {
        #expect(decoded(text) == expected)
    }

    @Test(arguments: [
        ("", "EOF"), ("text: {}", "yaml: construct errors: line 1: cannot construct !!map into string"),
        (
            "small: 256\nflag: 1\nlost: 1",
            "yaml: construct errors: line 1: cannot construct !!int `256` into uint8; "
                + "line 2: cannot construct !!int `1` into bool; line 3: field lost not found in type test.Record"
        ),
        ("flag: !!map 1", "yaml: construct errors: line 1: cannot construct !!map1 into bool"),
        ("flag: \"日本語\"", "yaml: construct errors: line 1: cannot construct !!str `日本語` into bool"),
        ("flag: \"日本語語\"", "yaml: construct errors: line 1: cannot construct !!str `日本\u{fffd}...` into bool"),
        ("word: [a]", "yaml: construct errors: line 1: cannot construct !!seq into test.Word (TextUnmarshaler)"),
        ("word: three", "yaml: construct errors: line 1: three does not belong to Word values"),
        ("text: a\n'text': b", "yaml: construct errors: line 2: mapping key \"text\" already defined at line 1"),
        (
            "\"a\\tb\\x01\\u00a0é\": a\n\"a\\tb\\x01\\u00a0é\": b",
            "yaml: construct errors: line 2: mapping key \"a\\tb\\x01\\u00a0é\" already defined at line 1"
        ),
        ("text: a\n!!binary dGV4dA==: b", "yaml: construct errors: line 2: field text already set in type test.Record"),
        (
            "any: {k: {? [a, 1, 1.5, ~] : b}}",
            "go-yaml load error in constructor at L1.C13: cannot use "
                + "'[]interface {}{\"a\", 1, 1.5, interface {}(nil)}' as a map key; try decoding into yaml.Node"
        ),
        (
            "any: {k: {a: 1, <<: {? {} : b, ~: c}}}",
            "yaml: construct errors: line 1: cannot construct !!map into string"
        ),
        (
            "any: {k: {1: 1, <<: {? {} : b}}}",
            "go-yaml load error in constructor at L1.C24: "
                + "runtime error: hash of unhashable type map[string]interface {}"
        ),
        (
            "<<: 1",
            "go-yaml load error in constructor at L1.C5: map merge requires map or sequence of maps as the value"
        ),
        ("text: !!binary a", "go-yaml load error in constructor at L1.C7: !!binary value contains invalid base64 data"),
        ("any: {a: &x [*x]}", "go-yaml load error in composer at L1.C14: anchor 'x' value contains itself"),
    ]) func faultsAreNamedAsGoDoes(text: String, expected: String) {
        #expect(decoded(text) == expected)
    }

    @Test func unknownFieldsArePassedOverWhereThatIsAskedFor() {
        #expect(decoded("lost: {a: [}", isStrict: false).contains("parser"))
        #expect(decoded("lost: {? [a] : !!int b}\ntext: a", isStrict: false) == "text: a\n")
    }

    /// Ten aliases to ten aliases and so on: the text is small, what it says is not.
    @Test func exponentialAliasesAreRefused() {
        var text = "any:\n  a0: &a0 [x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "  a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(decoded(text).contains("document contains excessive aliasing"))
    }

    /// An alias is two bytes, and what is read for it may be most of the document each time.
    @Test func whatAliasesStandForHasAnEnd() {
        func times(_ text: String) -> String { String(repeating: text, count: 900) }
        let long = String(repeating: "7", count: 100_000)
        let mapping = (0..<10_000).map { "\($0):" }.joined(separator: ",")
        for (name, text) in [
            ("numbers", "any: {a: [&a \(long)\(times(",*a"))]}"),
            ("bytes", "list: [&a !!binary \(String(repeating: "AAAA", count: 25_000))\(times(",*a"))]"),
            ("keys", "any: {a: &a k\(long), b: [0\(times(",{*a : 1}"))]}"),
            ("what does not fit", "any: &a {\(mapping)}\nlist: [0\(times(",*a"))]"),
        ] {
            let fault = decoded(text)
            #expect(
                fault.contains("aliases of the document stand for more than 16777216 bytes"),
                "\(name): \(fault.prefix(300))")
        }
    }

    /// A handle is a few bytes, and stands for as much as its directive says.
    @Test func whatTagsStandForHasAnEnd() {
        let head = "%TAG !a! !\(String(repeating: "a", count: 100_000))\n---\nany: {a: ["
        let fault = decoded(head + String(repeating: "!a!x ,", count: 1000) + "]}")
        #expect(fault.contains("tags of the document stand for more than 16777216 bytes"), "\(fault.prefix(300))")
        #expect(decoded(head + String(repeating: "!a!x ,", count: 100) + "]}").hasPrefix("any:\n"))
        #expect(decoded("any: {a: [" + String(repeating: "!!null ,", count: 1000) + "]}").hasPrefix("any:\n"))
    }

    /// Each pair of equal keys is an error of its own, so their number is the square of the text's length.
    @Test func millionsOfDuplicatesAreNotListed() {
        let text = "any: {" + String(repeating: "a: 1, ", count: 20_000) + "}"
        let faults = decoded(text)
        #expect(faults.hasPrefix("yaml: construct errors: line 1: mapping key \"a\" already defined at line 1; "))
        #expect(faults.utf8.count < 100_000)
    }

    @Test func decoderSurvivesAnything() {
        let sample = Array(
            "any: {a: &x [1, 2.5, !!str 3], <<: {b: *x}, ? 2001-01-01 : ~}\nlist: [*x, 'a', \"\\u00e9\"]\n".utf8)
        exerciseDecoder(on: sample, mutations: 5000) { bytes in
            try decode(Array(bytes), as: .record(Self.record)) { _ in }
        }
    }
}
