import CanonicalYAML
import Testing

/// What a text is composed to, or the fault that go-yaml finds in it.
@Suite struct LoadingTests {
    @Test(arguments: [
        ("", "EOF"),
        ("\n\n# nothing\n", "EOF"),
        ("...\n", "EOF"),
        ("---\n", "p<>"),
        ("--- !!null\n", "!!null p<>"),
        ("a: 1\n---\nb: 2\n", "{p<a>: p<1>}"),
    ])
    func onlyTheFirstDocumentIsComposed(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("a:\n  - x\n  - y: z\n", "{p<a>: [p<x>, {p<y>: p<z>}]}"),
        ("a:\n- x\n-\nb: c\n", "{p<a>: [p<x>, p<>], p<b>: p<c>}"),
        ("- - a\n  - b\n-\n  c\n", "[[p<a>, p<b>], p<c>]"),
        ("? a\n: b\n? - c\n: - d\n? e\n", "{p<a>: p<b>, [p<c>]: [p<d>], p<e>: p<>}"),
        ("&a: x\n", "{&a p<>: p<x>}"),
    ])
    func blockCollectionsGoByIndentation(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("{a, b: , c: d,}", "{p<a>: p<>, p<b>: p<>, p<c>: p<d>}"),
        ("[a:]", "[{p<a>: p<>}]"),
        ("{a:,b: c}", "{p<a>: p<>, p<b>: p<c>}"),
        ("[a:b, :c, d?, e ?f]", "[p<a:b>, p<:c>, p<d?>, p<e ?f>]"),
        ("{\"a\":b}", "{d<a>: p<b>}"),
        ("[\"a\":b]", "[{d<a>: p<b>}]"),
        ("[? a : b, [c]: d]", "[{p<a>: p<b>}, {[p<c>]: p<d>}]"),
        ("{a: b}#c", "{p<a>: p<b>}"),
        (
            "[a:[b]]",
            "go-yaml load error in parser (while parsing a flow sequence) at L1.C1-C4: did not find expected ',' or ']'"
        ),
        (
            "{: a}",
            "go-yaml load error in parser (while parsing a flow node) at L1.C2: did not find expected node content"
        ),
        (
            "[a,, b]",
            "go-yaml load error in parser (while parsing a flow node) at L1.C4: did not find expected node content"
        ),
        (
            "k:\n  m: [? ]\n",
            "go-yaml load error in parser (while parsing a flow sequence) at L2.C6-C10: did not find expected ',' or ']'"
        ),
    ])
    func flowCollectionsGoByBrackets(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("a\n b\n\n c", "p<a b\nc>"),
        ("'it''s\n\n\n  so'", "s<it's\n\nso>"),
        ("\"a \\\n  b\\n\\x41\\u00e9\\U0001F600\\'\"", "d<a b\nA\u{e9}\u{1F600}'>"),
        ("\"a\u{2028} b\"", "d<a\u{2028}b>"),
        (
            "\"\\/\"",
            "go-yaml load error in scanner (while scanning a quoted scalar) at L1.C1-C2: found unknown escape character"
        ),
        (
            "\"\\ud83d\\ude00\"",
            "go-yaml load error in scanner (while scanning a quoted scalar) at L1.C1-C4: "
                + "found invalid Unicode character escape code"
        ),
        (
            "a: 'b\n",
            "go-yaml load error in scanner (while scanning a quoted scalar) at L1.C4-L2.C1: "
                + "found unexpected end of stream"
        ),
    ])
    func flowScalarsFoldTheirLines(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("|\n a\n  b\n\n", "l<a\n b\n>"),
        ("|2-\n   a\n  b\n", "l< a\nb>"),
        ("|+#c\n a\n\n", "l<a\n\n>"),
        (">\n a\n b\n\n c\n  d\n e\n", "f<a b\nc\n d\ne\n>"),
        ("a: |-\r\n  x\r\n  y\r\n", "{p<a>: l<x\ny>}"),
        (
            "|0\n a",
            "go-yaml load error in scanner (while scanning a block scalar) at L1.C1-C2: "
                + "found an indentation indicator equal to 0"
        ),
        (
            "a: |\n\tb\n",
            "go-yaml load error in scanner (while scanning a block scalar) at L1.C4-L2.C1: "
                + "found a tab character where an indentation space is expected"
        ),
    ])
    func blockScalarsKeepTheirLines(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("!!str a", "!!str p<a>"),
        ("!<tag:yaml.org,2002:int> 1", "!!int p<1>"),
        ("! a", "! p<a>"),
        ("!a%42 [b]", "!aB [p<b>]"),
        ("%TAG !e! !x-\n---\n!e!y z", "!x-y p<z>"),
        ("%TAG !! tag:example.org:\n---\n!!y z", "tag:example.org:y p<z>"),
        ("%YAML 1.1\n--- a", "p<a>"),
        ("%YAML 1.2\n--- a", "go-yaml load error in parser at L1.C1: found incompatible YAML document"),
        (
            "%TAG !e! a\n%TAG !e! b\n--- a",
            "go-yaml load error in parser at L2.C1: found duplicate %TAG directive"
        ),
        (
            "!e!y z",
            "go-yaml load error in parser (while parsing a node) at L1.C1: found undefined tag handle"
        ),
        (
            "[!!str]",
            "go-yaml load error in scanner (while parsing a tag) at L1.C2-C7: "
                + "found character ']' that is not allowed in a YAML tag"
        ),
    ])
    func tagsAreKeptInShortForm(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("[&a x, *a, &a y, *a]", "[&a p<x>, *a, &a p<y>, *a]"),
        ("&a [*a]", "&a [*a]"),
        ("[&a !t x, !t &b y]", "[&a !t p<x>, &b !t p<y>]"),
        ("[*a, &a x]", "go-yaml load error in composer at L1.C2: unknown anchor 'a' referenced"),
        (
            "[&\u{e9} x]",
            "go-yaml load error in scanner (while scanning an anchor) at L1.C2-C3: "
                + "did not find expected alphabetic or numeric character"
        ),
    ])
    func aliasesStandForAnchorsBeforeThem(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test func anAliasStandsForTheLatestAnchorOfItsName() throws {
        let root = try #require(try composeFirstDocument(of: Array("[&a x, *a, &a y, *a]".utf8)))
        #expect(root.children[1].target === root.children[0])
        #expect(root.children[3].target === root.children[2])
    }

    @Test(arguments: [
        ("a:\tb\n", "{p<a>: p<b>}"),
        ("k:\n  [\n\ta,\n\tb\n]", "{p<k>: [p<a>, p<b>]}"),
        ("# a\n\t# b\nc\n", "p<c>"),
        (
            "a:\n\tb: c\n",
            "go-yaml load error in scanner (while scanning for the next token) at L2.C1: "
                + "found character that cannot start any token"
        ),
        (
            "k:\n  [\n\ta\n\t]",
            "go-yaml load error in scanner (while scanning a plain scalar) at L3.C2-L4.C1: "
                + "found a tab character that violates indentation"
        ),
    ])
    func tabsAreNoIndentation(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test(arguments: [
        ("a\nb: c\n", "go-yaml load error in scanner at L2.C2: mapping values are not allowed in this context"),
        ("a: - b\n", "go-yaml load error in scanner at L1.C4: block sequence entries are not allowed in this context"),
        (
            "a: b\nc\n",
            "go-yaml load error in scanner (while scanning a simple key) at L2.C1-L3.C1: could not find expected ':'"
        ),
        (": x\n", "go-yaml load error in parser (while parsing a block mapping) at L1.C1: did not find expected key"),
        (
            "- a\nb: c\n",
            "go-yaml load error in parser (while parsing a block collection) at L1.C1-L2.C1: "
                + "did not find expected '-' indicator"
        ),
    ])
    func faultsTellWhereTheConstructBegan(_ text: String, _ expected: String) {
        #expect(outline(text) == expected)
    }

    @Test func aLongKeyIsStillAKey() {
        let key = String(repeating: "k", count: 5000)
        #expect(outline("\(key): v") == "{p<\(key)>: p<v>}")
    }

    @Test func nodesKnowWhereTheyBegin() throws {
        let root = try #require(try composeFirstDocument(of: Array("a: &x\n  - é: !t b\n".utf8)))
        #expect(root.position == Position(line: 1, column: 1))
        let list = root.children[1]
        #expect(list.position == Position(line: 1, column: 4))
        #expect(list.children[0].position == Position(line: 2, column: 5))
        #expect(list.children[0].children[1].position == Position(line: 2, column: 8))
    }
}
