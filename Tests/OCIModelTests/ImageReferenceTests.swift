import Digests
import OCIModel
import Testing

@Suite struct ImageReferenceTests {
    static let digest = Digest.of("x")

    @Test(arguments: [
        (
            "ghcr.io/siderolabs/imager:v1.13.5",
            ImageReference(registry: "ghcr.io", repository: "siderolabs/imager", tag: "v1.13.5")
        ),
        ("siderolabs/imager", ImageReference(registry: nil, repository: "siderolabs/imager")),
        ("imager:v1", ImageReference(registry: nil, repository: "imager", tag: "v1")),
        ("localhost:5100/a/b:c", ImageReference(registry: "localhost:5100", repository: "a/b", tag: "c")),
        ("localhost/a", ImageReference(registry: "localhost", repository: "a")),
        ("[::1]:5000/a", ImageReference(registry: "[::1]:5000", repository: "a")),
        (
            "ghcr.io/siderolabs/gvisor:20260101.0-v1.13.5@\(digest)",
            ImageReference(
                registry: "ghcr.io", repository: "siderolabs/gvisor", tag: "20260101.0-v1.13.5", digest: digest)
        ),
    ])
    func referencesAreReadAndPrinted(_ text: String, _ reference: ImageReference) throws {
        #expect(try ImageReference(parsing: text) == reference)
        #expect(reference.description == text)
    }

    @Test(arguments: [
        "", "/", "a//b", "A", "ghcr.io/", "a:", "a:-x", "a@sha256:00", "a@", "../x", "a/../b", "-a", "a/-b", "a b",
        "ghcr.io/Upper/case", String(repeating: "a", count: 600),
    ])
    func otherTextIsRefused(_ text: String) {
        #expect(throws: OCIModelError.self) { try ImageReference(parsing: text) }
    }

    @Test func nameIsTheLastPart() throws {
        #expect(try ImageReference(parsing: "ghcr.io/siderolabs/imager:v1.13.5").name == "imager")
        #expect(try ImageReference(parsing: "installer-base").name == "installer-base")
    }
}
