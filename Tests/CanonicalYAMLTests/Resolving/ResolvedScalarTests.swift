import Testing

@testable import CanonicalYAML

@Suite struct ResolvedScalarTests {
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("Null", .null), ("nUll", .text("nUll")), ("True", .bool(true)),
            ("FALSE", .bool(false)),
            ("yes", .text("yes")), ("0", .int(0)), ("+0", .int(0)), ("00", .int(0)), ("010", .int(8)),
            ("-010", .int(-8)),
            ("0x1F", .int(31)), ("-0X1f", .int(-31)), ("0o17", .int(15)), ("0b11", .int(3)), ("0_x1F", .int(31)),
            ("1_000", .int(1000)), ("1_", .int(1)), ("_1", .text("_1")), ("0x", .text("0x")), ("0o8", .text("0o8")),
            ("08", .float(8)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .uint(1 << 63)), ("18446744073709551615", .uint(.max)),
            ("18446744073709551616", .float(0x1p64)),
            ("+18446744073709551615", .float(0x1p64)),
            ("-9223372036854775809", .float(-0x1p63)), ("1.", .float(1)), ("1.5e3", .float(1500)),
            ("1e", .text("1e")), ("1.2.3", .text("1.2.3")), ("0x1p4", .text("0x1p4")), (".5", .float(0.5)),
            (".1_0", .float(0.1)),
            (".5_", .text(".5_")), ("._5", .text("._5")), (".", .text(".")), ("+.5", .float(0.5)), ("-.", .text("-.")),
            ("1e400", .text("1e400")), ("-1e400", .text("-1e400")), ("1e-400", .float(0)), (".1e400", .text(".1e400")),
            ("4.9e-324", .float(.leastNonzeroMagnitude)),
            ("2.2250738585072011e-308", .float(.leastNormalMagnitude.nextDown)),
            ("9007199254740993.0", .float(0x1p53)), (".Inf", .float(.infinity)),
            ("-.INF", .float(-.infinity)),
            (".iNF", .text(".iNF")), ("<<", .text("<<")), ("12:30", .text("12:30")), ("-", .text("-")),
            ("+", .text("+")),
        ] as [(String, YAMLValue)]) func plainTextHasTheTypeThatGoYAMLGivesIt(text: String, value: YAMLValue)
    {
        #expect(ResolvedScalar(plain: Array(text.utf8)).value == value)
    }

    @Test func zeroWithASignIsANumberOnlyAsWritten() throws {
        guard case .float(let zero) = ResolvedScalar(plain: Array("-0".utf8)).value else {
            Issue.record("-0 is not a number")
            return
        }
        #expect(zero == 0 && zero.sign == .minus)
        #expect(ResolvedScalar(plain: Array("-00".utf8)).value == .int(0))
    }

    @Test(arguments: [
        ("!!int", "abc", "cannot construct !!str `abc` as a !!int"),
        ("!!int", "1.0", "cannot construct !!float `1.0` as a !!int"),
        ("!!null", "x", "cannot construct !!str `x` as a !!null"),
        ("!!bool", "yes", "cannot construct !!str `yes` as a !!bool"),
        ("!!float", "18446744073709551615", "cannot construct !!int `18446744073709551615` as a !!float"),
        ("!!timestamp", "1", "cannot construct !!int `1` as a !!timestamp"),
        ("!!int", "2001-01-01", "cannot construct !!str `2001-01-01` as a !!int"),
    ]) func tagsDemandTheirType(tag: String, text: String, message: String) {
        #expect(throws: LoadError(stage: .resolver, message: message)) {
            try ResolvedScalar(tag: tag, text: Array(text.utf8))
        }
    }

    @Test(
        arguments: [
            ("!!float", "1", .float(1)), ("!!int", "0x1F", .int(31)), ("!!str", "1", .text("1")),
            ("!foo", "true", .text("true")),
            ("!!null", "", .null), ("!", "1", .text("1")),
        ] as [(String, String, YAMLValue)]) func tagsGiveTheirType(tag: String, text: String, value: YAMLValue) throws
    {
        #expect(try ResolvedScalar(tag: tag, text: Array(text.utf8)).value == value)
    }
}
