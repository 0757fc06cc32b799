import CodecTesting
import Digests
import OCIModel
import Testing

@testable import Registries

@Suite struct ListTests {
    static func tags(_ text: String) throws -> [String] { try TagPage.read(Array(text.utf8), request: "") }

    @Test func tagsAreRead() throws {
        #expect(try Self.tags(#"{"name":"a","tags":["v1","a/b","","v2",7],"manifest":{"x":[1]}}"#) == ["v1", "v2"])
        #expect(try Self.tags(#"{"tags":null}"#).isEmpty)
        for text in ["", "<html>", "{}", "[]", #"{"tags":{}}"#] {
            #expect(throws: RegistryError.self) { try Self.tags(text) }
        }
    }

    @Test func pagesAreFollowedAndBounded() throws {
        let first = try RegistryURL(parsing: "https://reg/v2/a/tags/list?n=2")
        func links(_ text: String) -> [String] { ["<\(text)>; rel=\"next\""] }
        var trail = PageTrail(first: first, limit: 4)
        let second = try trail.next(after: first, links: links("?n=2&last=%2B"), request: "") ?? first
        #expect(second.text == "https://reg/v2/a/tags/list?n=2&last=%2B")
        // A registry behind a proxy does not know that it is spoken with over TLS.
        let third = try trail.next(after: second, links: links("http://reg/v2/a/tags/list?x"), request: "") ?? first
        #expect(third.text == "https://reg/v2/a/tags/list?x")
        let end = try trail.next(after: third, links: ["<x>; rel=prev"], request: "")
        #expect(end == nil)
        for circle in ["?n=2", "https://reg:443/v2/a/tags/list?x"] {
            #expect(throws: RegistryError.self) { try trail.next(after: third, links: links(circle), request: "") }
        }
        for other in ["https://other/x", "https://reg:444/x", "http://reg:80/x", "//169.254.169.254/", "file:///x"] {
            #expect(throws: RegistryError.self) { try trail.next(after: third, links: links(other), request: "") }
        }
        let fourth = try trail.next(after: third, links: links("?4"), request: "")
        #expect(fourth?.query == "4")
        let error = #expect(throws: RegistryError.self) {
            try trail.next(after: third, links: links("?5"), request: "")
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func thePageAtTheOwnPathIsTriedOnce() throws {
        let first = try RegistryURL(parsing: "https://reg/v2/a/tags/list?n=2")
        var trail = PageTrail(first: first, limit: 10)
        let inner = first.with(target: "/repository/x/v2/a/tags/list?n=2&last=b")
        let own = [inner, inner, first.with(target: "/v2/a/tags/list?n=7")].map { trail.own($0)?.target }
        #expect(own == ["/v2/a/tags/list?n=2&last=b", nil, nil])
    }

    @Test func anyBytesAreRead() {
        exerciseDecoder(on: Array(#"{"name":"a","tags":["v1","v2"]}"#.utf8), mutations: 500) {
            _ = try TagPage.read(Array($0), request: "")
        }
        let digest = Digest.of("x")
        let index = #"{"manifests":[{"digest":"\#(digest)","size":7,"artifactType":"a/b"}]}"#
        exerciseDecoder(on: Array(index.utf8), mutations: 500) { _ = ReferrerPage(Array($0)) }
        exerciseDecoder(on: Array(#"{"errors":[{"code":"A","message":"b","detail":[]}]}"#.utf8), mutations: 500) {
            #expect((ErrorBody(Array($0)).shown ?? "").utf8.count < 2000)
        }
    }

    static let subject = Digest.of("subject")

    @Test func aReferrerRefersToTheImage() throws {
        let descriptor = Descriptor(mediaType: .index, digest: Self.subject, size: 3)
        let empty = Descriptor(mediaType: Referrer.emptyType, digest: Digest.of("{}"), size: 2)
        let bundle = Descriptor(mediaType: MediaType(rawValue: "bundle"), digest: Digest.of("b"), size: 2)
        func referrer(_ manifest: Manifest) throws -> Referrer? {
            let bytes = manifest.encode()
            return Referrer(
                try RegistryDocument(bytes, declared: nil, digest: Digest.of(bytes), request: ""), of: Self.subject)
        }
        let own = Manifest(
            artifactType: MediaType(rawValue: "own"), configuration: empty, layers: [bundle], subject: descriptor)
        #expect(try referrer(own)?.artifactType?.rawValue == "own")
        let layered = Manifest(configuration: empty, layers: [bundle], subject: descriptor)
        #expect(try referrer(layered)?.artifactType?.rawValue == "bundle")
        let configured = Manifest(configuration: bundle, layers: [], subject: descriptor)
        #expect(try referrer(configured)?.artifactType?.rawValue == "bundle")
        var other = descriptor
        other.digest = Digest.of("other")
        #expect(try referrer(Manifest(configuration: empty, layers: [bundle], subject: other)) == nil)
        #expect(try referrer(Manifest(configuration: empty, layers: [bundle])) == nil)
    }

    @Test func aListMayBeWrongAboutKinds() throws {
        let text = """
            {"manifests":[{"digest":"\(Self.subject)","size":1,"artifactType":"application/vnd.oci.empty.v1+json"},
            {"digest":"\(Digest.of("a"))","size":2},{"digest":"\(Digest.of("b"))","size":3,"artifactType":"wanted"},
            {"digest":"\(Digest.of("c"))","size":4,"artifactType":"other"},{"digest":"sha512:00","size":4},
            {"digest":"\(Digest.of("d"))","size":-1}]}
            """
        let page = try #require(ReferrerPage(Array(text.utf8)))
        #expect(page.candidates.filter { $0.mayBe(MediaType(rawValue: "wanted")) }.map(\.size) == [1, 2, 3])
        #expect(page.candidates.count == 4)
        for text in ["<html>", "{}", #"{"manifests":{}}"#, #"{"manifests":[],"layers":[]}"#] {
            #expect(ReferrerPage(Array(text.utf8)) == nil)
        }
    }

    @Test func anImageForAPlatformIsChosen() {
        func entry(_ name: String, _ platform: Platform?, _ type: MediaType = .manifest) -> Descriptor {
            Descriptor(mediaType: type, digest: Digest.of(name), size: 1, platform: platform)
        }
        let index = Index(manifests: [
            entry("attestation", Platform(os: "unknown", architecture: "unknown")), entry("none", nil),
            entry("nested", Platform(os: "linux", architecture: "riscv64"), .index),
            entry("v7", Platform(os: "linux", architecture: "arm", variant: "v7")),
            entry("v8", Platform(os: "linux", architecture: "arm64", variant: "v8")),
            entry("amd64", Platform(os: "linux", architecture: "amd64")),
        ])
        func chosen(_ architecture: String, _ variant: String = "") -> Digest? {
            index.manifest(for: Platform(os: "linux", architecture: architecture, variant: variant))?.digest
        }
        #expect(chosen("amd64") == Digest.of("amd64"))
        #expect(chosen("amd64", "v2") == Digest.of("amd64"))
        #expect(chosen("arm64") == Digest.of("v8"))
        #expect(chosen("arm", "v6") == nil)
        #expect(chosen("riscv64") == nil)
        #expect(index.manifest(for: Platform(os: "unknown", architecture: "unknown")) == nil)
    }

    @Test func documentsAreOfOneKind() throws {
        let index = Index(manifests: []).encode()
        func kind(_ bytes: [UInt8], _ declared: String?) throws(RegistryError) -> MediaType {
            try RegistryDocument(bytes, declared: declared, digest: Digest.of(bytes), request: "reg").mediaType
        }
        for declared in [nil, "application/json", "text/plain", "application/octet-stream", MediaType.index.rawValue] {
            #expect(try kind(index, declared) == .index)
        }
        #expect(try kind(Array(#"{"manifests":[]}"#.utf8), nil) == .index)
        #expect(try kind(Array(#"{"manifests":[]}"#.utf8), MediaType.dockerIndex.rawValue) == .dockerIndex)
        #expect(try kind(Array(#"{"config":{}}"#.utf8), nil) == .manifest)
        for declared in [
            "text/html", MediaType.manifest.rawValue, "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ] {
            #expect(throws: RegistryError.self) { try kind(index, declared) }
        }
        for text in [
            "<html>", "{}", "[]", #"{"manifests":[],"layers":[]}"#, #"{"manifests":[],"manifests":[]}"#,
            #"{"manifests":[],"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#,
            #"{"layers":[],"mediaType":"x/y"}"#,
        ] { #expect(throws: RegistryError.self) { try kind(Array(text.utf8), nil) } }
    }
}
