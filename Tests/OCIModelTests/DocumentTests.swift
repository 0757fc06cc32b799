import CodecTesting
import Digests
import OCIModel
import Testing

@Suite struct DocumentTests {
    static let digest = Digest.of("content")
    static let layer = Descriptor(mediaType: .gzipLayer, digest: digest, size: 7)
    static let manifest = Manifest(
        configuration: Descriptor(mediaType: .configuration, digest: digest, size: 9), layers: [layer],
        annotations: ["a": "b"])
    static let referrer = Manifest(
        artifactType: MediaType(rawValue: "application/vnd.dev.sigstore.bundle.v0.3+json"),
        configuration: Descriptor(
            mediaType: MediaType(rawValue: "application/vnd.oci.empty.v1+json"), digest: Digest.of("{}"), size: 2),
        layers: [layer], subject: Descriptor(mediaType: .index, digest: digest, size: 8))
    static let index = Index(manifests: [
        Descriptor(
            mediaType: .manifest, digest: digest, size: 5,
            platform: Platform(os: "linux", architecture: "arm64", variant: "v8"),
            annotations: ["org.opencontainers.image.ref.name": "v1.13.5"]),
        Descriptor(
            mediaType: .manifest, digest: digest, size: 6,
            artifactType: MediaType(rawValue: "application/vnd.dev.sigstore.bundle.v0.3+json")),
    ])
    static let configuration = ImageConfiguration(
        platform: Platform(os: "linux", architecture: "amd64"), entrypoint: ["/bin/installer"], command: ["x"],
        environment: ["A=b"], labels: ["alpha.talos.dev/version": "v1.13.5"], diffIDs: [digest])

    @Test func documentsAreReadBackUnchanged() throws {
        #expect(try Index(decoding: Self.index.encode()[...]) == Self.index)
        #expect(try Manifest(decoding: Self.manifest.encode()[...]) == Self.manifest)
        #expect(try Manifest(decoding: Self.referrer.encode()[...]) == Self.referrer)
        #expect(try ImageConfiguration(decoding: Self.configuration.encode()[...]) == Self.configuration)
    }

    @Test func dockerDocumentsAndNullListsAreRead() throws {
        let text = """
            {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
             "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "digest": "\(Self.digest)", "size": 3},
             "layers": null, "subject": {"unknown": []}}
            """
        let manifest = try Manifest(decoding: Array(text.utf8)[...])
        #expect(manifest.mediaType == .dockerManifest)
        #expect(manifest.layers.isEmpty)
        #expect(manifest.configuration.mediaType.isImageConfiguration)
        #expect(manifest.subject == nil)
    }

    @Test(arguments: [
        (#"{"manifests": [], "layers": []}"#, "the image index can be read as an index and as a manifest"),
        (#"{"schemaVersion": 2}"#, "the image index's field 'manifests' is missing"),
        (#"{"manifests": {}}"#, "the image index's field 'manifests' is an object, not a list"),
        (#"{"manifests": [1]}"#, "the image index's field 'manifests[0]' is a number, not an object"),
        (
            #"{"manifests": [{"mediaType": "x", "digest": "sha512:00", "size": 1}]}"#,
            "the image index's field 'manifests[0].digest' is 'sha512:00', not sha256: and 64 lower-case hexadecimal digits"
        ),
        (#"{"mediaType": "text/plain", "manifests": []}"#, "the image index says that it is a 'text/plain'"),
        ("[]", "the image index's field '.' is a list, not an object"),
    ])
    func faultsAreNamed(_ text: String, _ message: String) {
        let error = #expect(throws: OCIModelError.self) { try Index(decoding: Array(text.utf8)[...]) }
        #expect(error?.description == message)
    }

    @Test(arguments: [-1, nil] as [Int64?])
    func impossibleSizesAreRefused(_ size: Int64?) {
        let digest = DocumentTests.digest
        let text =
            #"{"manifests": [{"mediaType": "x", "digest": "\#(digest)"\#(size.map { ", \"size\": \($0)" } ?? "")}]}"#
        #expect(throws: OCIModelError.self) { try Index(decoding: Array(text.utf8)[...]) }
    }

    @Test func listsAreLimited() {
        let many = Manifest(
            configuration: Self.manifest.configuration,
            layers: Array(repeating: Self.layer, count: OCILimits.layers + 1))
        #expect(throws: OCIModelError.tooMany(document: "image manifest", field: "layers", count: 129, limit: 128)) {
            try Manifest(decoding: many.encode()[...])
        }
    }

    @Test func attestationsAndNamesAreSeen() {
        var descriptor = Self.index.manifests[0]
        #expect(descriptor.name == "v1.13.5")
        #expect(!descriptor.isAttestation)
        descriptor.annotations["io.containerd.image.name"] = "ghcr.io/siderolabs/imager:v1.13.5"
        #expect(descriptor.name == "ghcr.io/siderolabs/imager:v1.13.5")
        descriptor.platform = Platform(os: "unknown", architecture: "unknown")
        #expect(descriptor.isAttestation)
    }

    @Test func noInputTraps() {
        var accepted = exerciseDecoder(on: Self.index.encode()) { _ = try Index(decoding: $0) }
        accepted += exerciseDecoder(on: Self.manifest.encode()) { _ = try Manifest(decoding: $0) }
        accepted += exerciseDecoder(on: Self.configuration.encode()) { _ = try ImageConfiguration(decoding: $0) }
        #expect(accepted > 2)
    }
}
