import Digests
import Testing

@Suite struct DigestTests {
    @Test func knownAnswers() {
        #expect(Digest.of("").hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            Digest.of("customization: {}\n").hexadecimal
                == "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba")
    }

    @Test func piecesGiveTheSameDigestAsTheWhole() {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        var hasher = SHA256Hasher()
        hasher.update(bytes[..<333])
        hasher.update(bytes[333...])
        #expect(hasher.finalize() == Digest.of(bytes))
    }

    @Test func textForms() {
        let text = "sha256:376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
        #expect(Digest(parsing: text)?.description == text)
        #expect(Digest(parsing: text.dropFirst(7)) == nil)
        #expect(Digest(parsing: text.uppercased()) == nil)
        #expect(Digest(hexadecimal: text.dropFirst(7).uppercased()) == nil)
        #expect(Digest(parsing: text.dropLast()) == nil)
        #expect(Digest(parsing: "sha512:" + text.dropFirst(7)) == nil)
    }
}
