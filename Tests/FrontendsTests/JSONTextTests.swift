import Testing

@testable import Frontends

@Suite struct JSONTextTests {
    @Test func escapesAsGoDoes() {
        #expect(
            JSONText.string("<a&b>\u{2028}\"\\\n\u{1}é😀").document == #""\u003ca\u0026b\u003e\u2028\"\\\n\u0001é😀""#
                + "\n")
    }

    @Test func keysKeepTheirOrder() {
        #expect(
            JSONText.object([("b", .integer(1)), ("a", .array([.null, .boolean(true)]))]).document
                == "{\"b\":1,\"a\":[null,true]}\n")
    }
}
