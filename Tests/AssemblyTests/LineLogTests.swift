import Testing

@testable import Assembly

@Suite struct LineLogTests {
    @Test(arguments: [
        ("plain", "plain"), ("52:54:00:12:34:56", "52:54:00:12:34:56"), ("", "\"\""), ("two words", "\"two words\""),
        ("a=b", "\"a=b\""), ("say \"x\"", #""say \"x\"""#), (#"back\slash"#, #""back\\slash""#), ("a\nb", #""a\nb""#),
        ("a\r\nb", #""a\u{d}\nb""#), ("\u{1b}[2J", #""\u{1b}[2J""#), ("\0", #""\u{0}""#), ("\u{7f}", #""\u{7f}""#),
        ("\u{85}", #""\u{85}""#), ("\u{9b}31m", #""\u{9b}31m""#), ("\u{2028}", #""\u{2028}""#),
        ("\u{202e}", #""\u{202e}""#),
        ("ü", "ü"), ("a\tb", #""a\u{9}b""#),
    ])
    func aFactCannotLeaveItsPlace(value: String, expected: String) { #expect(LineLog.shown(value) == expected) }
}
