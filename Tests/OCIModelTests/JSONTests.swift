import CodecTesting
import OCIModel
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" true ", .bool(true)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
        ("9223372036854775808", .number("9223372036854775808")), ("1.5e+3", .number("1.5e+3")),
        (#""a\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00""#, .string("a\"\\/\u{8}\u{c}\n\r\té\u{e9}😀")),
        (#""\ud83dx""#, .string("\u{fffd}x")), (#""\ud83d\u0041""#, .string("\u{fffd}A")),
        (#"{"a":[1,{}],"b":[]}"#, .object([.init("a", .array([.integer(1), .object([])])), .init("b", .array([]))])),
    ])
    func valuesAreRead(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(decoding: Array(text.utf8)[...]) == value)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":1,}", "{a:1}", "01", "-", "1.", "1e", "nul", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\u{1}\"", "1 1", "{\"a\":1,\"a\":2}", "\u{feff}{}",
    ])
    func otherTextIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(decoding: Array(text.utf8)[...]) }
    }

    @Test func invalidUnicodeIsRefused() {
        #expect(throws: JSONError.self) { try JSONValue(decoding: [0x22, 0xff, 0x22]) }
    }

    @Test func depthSizeAndCountAreLimited() throws {
        let deep = [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
        let nested = #expect(throws: JSONError.self) { try JSONValue(decoding: deep[...]) }
        #expect(nested?.reason == "nested deeper than 32")
        let many = Array(("[" + [String](repeating: "1", count: 50).joined(separator: ",") + "]").utf8)
        #expect(throws: JSONError.self) {
            try JSONValue(decoding: many[...], limits: JSONLimits(maximumValues: 50))
        }
        #expect(try JSONValue(decoding: many[...], limits: JSONLimits(maximumValues: 51)) != .null)
        #expect(throws: JSONError.self) {
            try JSONValue(decoding: many[...], limits: JSONLimits(maximumBytes: many.count - 1))
        }
    }

    @Test func encodingIsReadBackUnchanged() throws {
        let value = JSONValue.object([
            "text": .string("\u{0}\u{1f}\"\\/é😀"), "list": .array([.null, .bool(false), .integer(-5), .number("1e9")]),
            "absent": nil,
        ])
        let bytes = value.encode()
        #expect(try JSONValue(decoding: bytes[...]) == value)
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(#"{"text":"\u0000\u001f\"\\/é😀","list":[null,"#))
    }

    @Test func noInputTraps() {
        let sample = Array(#"{"schemaVersion":2,"a":[1.5e3,-2,"\ud83d\ude00 é"],"b":{"c":null,"d":true}}"#.utf8)
        let accepted = exerciseDecoder(on: sample) { _ = try JSONValue(decoding: $0) }
        #expect(accepted > 0)
    }
}
