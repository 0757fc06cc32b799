import CodecTesting
import Testing

@testable import CanonicalYAML

@Suite struct Base64Tests {
    @Test func bytesComeBack() {
        var generator = SeededGenerator(seed: 3)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: [
        ("", ""), ("aGVsbG8=", "hello"), ("aGVs\nbG8\r\n=", "hello"), ("aGVsbG9=", "hello"), ("YQ==", "a"),
    ]) func textIsDecodedAsGoDoes(text: String, expected: String) {
        #expect(Base64.decode(Array(text.utf8)) == Array(expected.utf8))
    }

    @Test(arguments: ["a", "aG", "aGVsbG8", "aGVs bG8=", "=", "====", "a===", "YQ==YQ==", "YQ=a", "aGV-"])
    func otherTextIsRefused(_ text: String) {
        #expect(Base64.decode(Array(text.utf8)) == nil)
    }
}
