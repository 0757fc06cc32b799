import Digests
import Foundation
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

    @Test func sha512() throws {
        var hasher = SHA512Hasher()
        Array("abc".utf8).withUnsafeBytes { hasher.update($0) }
        let digest = hasher.finalize()
        let text =
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
            + "454d4423643ce80e2a9ac94fa54ca49f"
        #expect(digest.description == text && SHA512Digest(parsing: text) == digest)
        #expect(SHA512Digest(parsing: text.uppercased()) == nil && SHA512Digest(parsing: text.dropLast()) == nil)
        #expect(SHA512Digest(parsing: "sha512:" + text.dropFirst(7).uppercased()) == nil)
        #expect(try JSONDecoder().decode(SHA512Digest.self, from: JSONEncoder().encode(digest)) == digest)
    }
}
