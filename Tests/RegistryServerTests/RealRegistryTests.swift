import Digests
import Foundation
import Logging
import OCIModel
import RegistryTesting
import ServerTesting
import Testing

@testable import Registries

/// Debian's docker-registry, and what stands between it and its clients.
@Suite(.serialized) struct RealRegistryTests {
    /// An image with a large layer.
    private struct Image {
        let layer: Descriptor
        let manifest: Digest
        let bytes: [UInt8]

        init(in registry: RealRegistry, _ repository: String = "a/b", tag: String = "v1") throws {
            var generator = SystemRandomNumberGenerator()
            bytes = (0..<(3 << 20) / 8).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64) { Array($0) } }
            let storage = registry.storage
            let layer = Descriptor(
                mediaType: MediaType(rawValue: "application/vnd.oci.image.layer.v1.tar"),
                digest: try storage.put(bytes, in: repository),
                size: UInt64(bytes.count))
            let configuration = Descriptor(
                mediaType: MediaType(rawValue: "application/vnd.oci.image.config.v1+json"),
                digest: try storage.put(CaseObjects.configuration, in: repository),
                size: UInt64(CaseObjects.configuration.count))
            self.layer = layer
            manifest = try storage.put(
                manifest: Manifest(configuration: configuration, layers: [layer]).encode(), tag: tag, in: repository)
        }
    }

    private static let certificates = Result { try TestCertificates() }

    /// A client that has no patience with anybody.
    private func client(
        _ host: String, _ settings: RegistrySettings = RegistrySettings(),
        credential: Credential? = nil, _ change: (inout RegistryLimits) -> Void = { _ in }
    ) throws -> (client: RegistryClient, repository: Repository, image: ImageReference) {
        var settings = settings
        settings.credential = credential
        var limits = RegistryLimits()
        limits.firstWait = .milliseconds(10)
        limits.attempts = 4
        change(&limits)
        let host = try RegistryHost(parsing: host)
        let client = try RegistryClient(
            settings: [host: settings], limits: limits, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return (
            client, try Repository(host: host, name: "a/b"),
            ImageReference(registry: host.description, repository: "a/b", tag: "v1")
        )
    }

    /// Fetches the image with one client, as an import would.
    private func pull(
        _ image: Image, from host: String, _ settings: RegistrySettings = RegistrySettings(),
        credential: Credential? = nil, _ change: (inout RegistryLimits) -> Void = { _ in }
    ) async throws {
        let (client, repository, reference) = try client(host, settings, credential: credential, change)
        let result: Result<[UInt8], any Error>
        do {
            let descriptor = try await client.resolve(reference)
            #expect(descriptor.digest == image.manifest)
            var pinned = reference
            pinned.digest = descriptor.digest
            let manifest = try #require(try await client.document(pinned).manifest())
            #expect(manifest.layers == [image.layer])
            let sink = MemorySink()
            try await client.blob(manifest.layers[0], of: repository, into: sink)
            result = .success(sink.bytes)
        } catch { result = .failure(error) }
        try await client.shutdown()
        #expect(try result.get() == image.bytes)
    }

    private func failure(_ body: () async throws -> Void) async throws -> RegistryError {
        try await #require(throws: RegistryError.self) { try await body() }
    }

    @Test func anOpenRegistry() async throws {
        let registry = try RealRegistry()
        defer { registry.stop() }
        let image = try Image(in: registry)
        try registry.storage.put(manifest: CaseObjects.manifest, tag: "v2", in: "a/b")
        try await pull(image, from: registry.host)
        let (client, repository, reference) = try client(registry.host)
        try await client.ping(repository.host)
        #expect(try await client.tags(of: repository).tags.sorted() == ["v1", "v2"])
        #expect(try await client.hasBlob(image.layer, of: repository))
        // Its references to blobs that it does not have are its own affair.
        var other = image.layer
        other.digest = Digest.of("none")
        #expect(try await !client.hasBlob(other, of: repository))
        // It has no list of referrers, and no tag in its place.
        #expect(try await client.referrers(to: image.manifest, in: repository).isEmpty)
        var missing = reference
        missing.tag = "none"
        #expect(try await failure { _ = try await client.resolve(missing) }.code == .notFound)
        #expect(try await failure { _ = try await client.document(missing) }.code == .notFound)
        let nowhere = try Repository(host: repository.host, name: "a/c")
        #expect(try await failure { _ = try await client.tags(of: nowhere) }.code == .notFound)
        try registry.storage.lose(image.layer.digest)
        let lost = try await failure { try await client.blob(image.layer, of: repository, into: MemorySink()) }
        #expect(lost.code == .notFound)
        #expect(lost.message.contains(image.layer.digest.description), "\(lost)")
        try await client.shutdown()
    }

    /// The fallback tag, which is all that this registry can have.
    @Test func whatRefersToAnImage() async throws {
        let registry = try RealRegistry()
        defer { registry.stop() }
        _ = try Image(in: registry)
        let storage = registry.storage
        try storage.put(manifest: CaseObjects.manifest, in: "a/b")
        let subject = try storage.put(manifest: CaseObjects.index, in: "a/b")
        let bundle = try storage.put(manifest: CaseObjects.bundleManifest, in: "a/b")
        let list = Index(manifests: [
            Descriptor(mediaType: .manifest, digest: bundle, size: UInt64(CaseObjects.bundleManifest.count))
        ])
        try storage.put(manifest: list.encode(), tag: "sha256-\(subject.hexadecimal)", in: "a/b")
        let (client, repository, _) = try client(registry.host)
        let found = try await client.referrers(to: subject, in: repository)
        try await client.shutdown()
        #expect(found.map(\.document.digest) == [bundle])
        #expect(found.first?.artifactType?.rawValue == "application/vnd.dev.sigstore.bundle.v0.3+json")
    }

    @Test func aRegistryWithPasswords() async throws {
        let registry = try RealRegistry(.password(user: "robot$p+n", password: "s:ec"))
        defer { registry.stop() }
        let image = try Image(in: registry)
        try await pull(image, from: registry.host, credential: .basic(user: "robot$p+n", password: "s:ec"))
        for credential in [nil, Credential.basic(user: "robot$p+n", password: "wrong-word")] {
            let error = try await failure { try await pull(image, from: registry.host, credential: credential) }
            #expect(error.code == .denied, "\(error)")
            #expect(error.message.contains(registry.host), "\(error)")
            #expect(!error.message.contains("wrong-word"))
        }
    }

    @Test func aRegistryOfAPrivateAuthority() async throws {
        let certificates = try Self.certificates.get()
        let registry = try RealRegistry(certificates: certificates)
        defer { registry.stop() }
        let image = try Image(in: registry)
        try await pull(image, from: registry.host, RegistrySettings(certificateAuthorities: [certificates.authority]))
        let unknown = try await failure {
            try await pull(image, from: registry.host, RegistrySettings(isInsecure: false)) { $0.attempts = 1 }
        }
        #expect(unknown.code == .unreachable, "\(unknown)")
        let plain = try await failure {
            try await pull(image, from: registry.host, RegistrySettings(isInsecure: true)) { $0.attempts = 1 }
        }
        #expect(plain.message.contains("TLS"), "\(plain)")
    }

    @Test func aRegistryWithTokens() async throws {
        let server = try await TestTokenServer(user: "user:pass")
        let registry = try RealRegistry(.tokens(server))
        defer { registry.stop() }
        let image = try Image(in: registry)
        let credential = Credential.basic(user: "user", password: "pass")
        try await pull(image, from: registry.host, credential: credential)
        // One token for all of it.
        #expect(server.requests.count == 1)
        #expect(server.requests.first?.query.contains { $0 == ("scope", "repository:a/b:pull") } == true)
        // Requests at once share one as well.
        let (client, repository, _) = try client(registry.host, credential: credential)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 { group.addTask { try await client.hasBlob(image.layer, of: repository) } }
            for try await found in group { #expect(found) }
        }
        try await client.shutdown()
        #expect(server.requests.count == 2)
        for credential in [nil, Credential.basic(user: "user", password: "wrong-word")] {
            let error = try await failure { try await pull(image, from: registry.host, credential: credential) }
            #expect(error.code == .denied || error.code == .notFound, "\(error)")
            #expect(!error.message.contains("wrong-word"))
        }
        await server.stop()
    }

    @Test func aTokenServerThatLoops() async throws {
        let server = try await TestTokenServer()
        server.behave { $0.redirect = "/token" }
        let registry = try RealRegistry(.tokens(server))
        defer { registry.stop() }
        let image = try Image(in: registry)
        let error = try await failure { try await pull(image, from: registry.host) }
        #expect(error.code == .refusedRedirect || error.code == .badAnswer, "\(error)")
        #expect(server.requests.count < 20)
        await server.stop()
    }

    // MARK: - What goes wrong on the way

    private func behindAProxy(
        _ faults: (FaultProxy) -> Void, _ body: (FaultProxy, Image, RealRegistry) async throws -> Void
    ) async throws {
        let registry = try RealRegistry()
        defer { registry.stop() }
        let image = try Image(in: registry)
        let proxy = try await FaultProxy(before: registry.port)
        faults(proxy)
        do { try await body(proxy, image, registry) } catch {
            await proxy.stop()
            throw error
        }
        await proxy.stop()
    }

    /// Whatever breaks off goes on, and nothing is fetched twice that has come.
    @Test func aLineThatBreaksOff() async throws {
        try await behindAProxy({ $0.plan(.cut(after: 1_000_000), onPathsWith: "/blobs/", times: 2) }) {
            proxy, image, _ in
            try await pull(image, from: proxy.host)
            #expect(proxy.requests.filter { $0.contains("/blobs/") }.count == 3)
        }
    }

    @Test func aHeadThatBreaksOff() async throws {
        try await behindAProxy({ $0.plan(.cut(after: 20), times: 2) }) { proxy, image, _ in
            try await pull(image, from: proxy.host)
        }
    }

    @Test func aLineThatStandsStill() async throws {
        try await behindAProxy({ $0.plan(.stall(after: 500_000), onPathsWith: "/blobs/") }) { proxy, image, _ in
            try await pull(image, from: proxy.host) { $0.idle = .seconds(1) }
        }
    }

    @Test func aLineThatDrips() async throws {
        try await behindAProxy({ $0.plan(.drip(bytesPerSecond: 1000), onPathsWith: "/blobs/") }) { proxy, image, _ in
            try await pull(image, from: proxy.host) {
                $0.leastRate = 100_000
                $0.rateWindow = .seconds(1)
            }
        }
    }

    /// What has a wrong byte is no part of anything.
    @Test func aWrongByte() async throws {
        try await behindAProxy({ $0.plan(.flip(at: 2_000_000), onPathsWith: "/blobs/", times: 100) }) {
            proxy, image, _ in
            let error = try await failure { try await pull(image, from: proxy.host) }
            #expect(error.code == .wrongContent, "\(error)")
            #expect(error.message.contains(image.layer.digest.description), "\(error)")
        }
        let flip = FaultProxy.Fault.flip(at: 700)
        try await behindAProxy({ $0.plan(flip, onPathsWith: "/manifests/", times: 100) }) { proxy, image, _ in
            let (client, _, reference) = try self.client(proxy.host)
            var pinned = reference
            pinned.tag = nil
            pinned.digest = image.manifest
            let error = try await failure { _ = try await client.document(pinned) }
            try await client.shutdown()
            #expect(error.code == .wrongContent, "\(error)")
        }
    }

    @Test(arguments: [429, 503])
    func aStorm(status: Int) async throws {
        // As many as are borne in a row, at each of three requests.
        for path in ["HEAD /v2/a/b/manifests/", "GET /v2/a/b/manifests/", "/blobs/"] {
            let storm = FaultProxy.Fault.answer(status: status, fields: ["Retry-After: 0"])
            try await behindAProxy({ $0.plan(storm, onPathsWith: path, times: 3) }) { proxy, image, _ in
                try await pull(image, from: proxy.host)
            }
        }
        let storm = FaultProxy.Fault.answer(status: status, fields: [])
        try await behindAProxy({ $0.plan(storm, times: 1000) }) { proxy, image, _ in
            let error = try await failure { try await pull(image, from: proxy.host) }
            #expect(error.code == (status == 429 ? .rateLimited : .unavailable), "\(error)")
            #expect(proxy.requests.count <= 10)
        }
        let long = FaultProxy.Fault.answer(status: status, fields: ["Retry-After: 3600"])
        try await behindAProxy({ $0.plan(long, times: 1000) }) { proxy, image, _ in
            let error = try await failure { try await pull(image, from: proxy.host) }
            #expect(error.retryAfter == .seconds(3600), "\(error)")
            #expect(proxy.requests.count <= 2)
        }
    }

    /// The registry goes away in the middle, and comes back; what has come counts.
    @Test func aRegistryThatGoesAway() async throws {
        let registry = try RealRegistry()
        let image = try Image(in: registry)
        let proxy = try await FaultProxy(before: registry.port)
        proxy.plan(.cut(after: 1_000_000), onPathsWith: "/blobs/", times: 1)
        proxy.plan(.answer(status: 502, fields: ["Connection: close"]), times: 100)
        let (client, repository, _) = try client(proxy.host)
        let sink = MemorySink()
        let error = try await failure { try await client.blob(image.layer, of: repository, into: sink) }
        #expect(error.isTransient, "\(error)")
        try await client.shutdown()
        await proxy.stop()
        registry.stop()
        let count = sink.bytes.count
        #expect(count > 0 && count <= 1_000_000, "\(count)")
        #expect(sink.bytes == Array(image.bytes.prefix(count)))

        let next = try RealRegistry(storage: registry.storage)
        defer { next.stop() }
        let (later, _, _) = try self.client(next.host)
        var hasher = SHA256Hasher()
        hasher.update(sink.bytes)
        try await later.blob(
            image.layer, of: Repository(host: RegistryHost(parsing: next.host), name: "a/b"), into: sink,
            after: BlobPrefix(length: UInt64(count), hasher: hasher))
        try await later.shutdown()
        #expect(sink.bytes == image.bytes)
    }

    @Test func aRegistryThatIsNotThere() async throws {
        let registry = try RealRegistry()
        registry.stop()
        let (client, repository, _) = try client(registry.host) { $0.attempts = 2 }
        let error = try await failure { try await client.ping(repository.host) }
        try await client.shutdown()
        #expect(error.code == .unreachable, "\(error)")
        #expect(error.message.contains(registry.host))
    }
}
