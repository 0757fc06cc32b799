import Digests
import Foundation
import Logging
import NIOCore
import OCIModel
import RegistryTesting
import Synchronization

@testable import Registries

/// A case, played to a client.
struct FieldReplay {
    /// What came of it.
    enum Outcome {
        case tags([String])
        case digest(String)
        case whole
        case exists(Bool)
        case referrers([String])
    }

    let registryCase: RegistryCase
    let client: RegistryClient
    let servers: ScriptedRegistry
    private let host: RegistryHost

    init(_ registryCase: RegistryCase, _ servers: ScriptedRegistry, certificates: TestCertificates) throws {
        self.registryCase = registryCase
        self.servers = servers
        func named(_ place: RegistryCase.Place) throws -> RegistryHost {
            try RegistryHost(parsing: servers.hosts[place] ?? "")
        }
        host = try named(.registry)
        let isPlain = servers.scheme == "http"
        let authorities = isPlain ? [] : [certificates.authority]
        var own = RegistrySettings(isInsecure: isPlain, certificateAuthorities: authorities)
        var settings: [RegistryHost: RegistrySettings] = [:]
        if registryCase.steps.contains(where: { $0.request.at == .mirror }) || registryCase.mirror != nil {
            let mirror = try named(.mirror)
            own.mirrors = [
                .init(
                    host: mirror, prefix: registryCase.mirror?.prefix ?? "",
                    isExclusive: registryCase.mirror?.exclusive ?? false)
            ]
            settings[mirror] = RegistrySettings(isInsecure: isPlain, certificateAuthorities: authorities)
        }
        settings[host] = own
        var limits = RegistryLimits()
        limits.firstWait = .milliseconds(10)
        limits.longestWait = .seconds(5)
        limits.attempts = 3
        limits.rateWindow = .seconds(1)
        limits.document = .seconds(60)
        client = try RegistryClient(
            settings: settings, credentials: CaseCredentials(registryCase, host), limits: limits,
            logger: Logger(label: "replay") { _ in SwiftLogNoOpLogHandler() })
    }

    /// What the case asks for.
    func run() async throws -> Outcome {
        guard let op = registryCase.op, let first = registryCase.steps.first?.request, let path = first.path else {
            throw CaseFailure("\(registryCase.name) asks for nothing")
        }
        let parts = path.split(separator: "/").map(String.init)
        let kinds: Set = ["manifests", "blobs", "tags", "referrers"]
        let kind = parts.firstIndex(where: kinds.contains)
        var name =
            registryCase.repository ?? kind.map { parts[1..<$0].joined(separator: "/") } ?? RegistryCase.usualRepository
        if op == "tags", kind == nil { name = RegistryCase.usualRepository }
        let repository = try Repository(host: host, name: name)
        let last = parts.last ?? ""
        switch op {
        case "ping":
            try await client.ping(host)
            return .whole
        case "tags": return .tags(try await client.tags(of: repository).tags)
        case "resolve":
            let image = ImageReference(registry: host.description, repository: name, tag: last)
            return .digest(try await client.resolve(image).digest.description)
        case "manifest":
            // One that has both is pinned, and its tag helps caches.
            let paths = registryCase.steps.compactMap { $0.request.path?.split(separator: "/").last.map(String.init) }
            let image = ImageReference(
                registry: host.description, repository: name, tag: paths.first { !$0.hasPrefix("sha256:") },
                digest: paths.lazy.compactMap { Digest(parsing: $0) }.first)
            return .digest(try await client.document(image).digest.description)
        case "blob":
            try await fetch(last, of: repository, whole: first.headers?["Range"] == "bytes=1000-")
            return .whole
        case "blob-exists": return .exists(try await client.hasBlob(try descriptor(last), of: repository))
        case "referrers":
            guard let subject = Digest(parsing: last) else { throw CaseFailure("'\(last)' is no digest") }
            let type = (first.query?["artifactType"]?.all.first).map { MediaType(rawValue: $0) }
            let found = try await client.referrers(to: subject, in: repository, artifactType: type)
            return .referrers(found.map(\.document.digest.description))
        case "pull":
            try await pull(ImageReference(registry: host.description, repository: name, tag: last), repository)
            return .whole
        default: throw CaseFailure("\(registryCase.name): nobody knows the operation '\(op)'")
        }
    }

    private func descriptor(_ text: String) throws -> Descriptor {
        guard let digest = Digest(parsing: text) else { throw CaseFailure("'\(text)' is no digest") }
        let sizes = try registryCase.steps.compactMap { try $0.response.bytes() } + CaseObjects.blobs
        guard let bytes = sizes.first(where: { Digest.of($0) == digest }) else {
            throw CaseFailure("nobody knows how long \(text) is")
        }
        return Descriptor(
            mediaType: MediaType(rawValue: "application/octet-stream"), digest: digest, size: UInt64(bytes.count))
    }

    private func fetch(_ text: String, of repository: Repository, whole: Bool) async throws {
        let descriptor = try descriptor(text)
        let sink = MemorySink()
        if whole {
            var hasher = SHA256Hasher()
            hasher.update(CaseObjects.layer)
            try await client.blob(
                descriptor, of: repository, into: sink, after: BlobPrefix(length: descriptor.size, hasher: hasher))
        } else {
            try await client.blob(descriptor, of: repository, into: sink)
            guard Digest.of(sink.bytes) == descriptor.digest else { throw CaseFailure("the client gave other bytes") }
        }
    }

    private func pull(_ image: ImageReference, _ repository: Repository) async throws {
        var pinned = image
        pinned.digest = try await client.resolve(image).digest
        let platform = (registryCase.platform ?? "linux/amd64").split(separator: "/").map(String.init)
        guard platform.count == 2 else { throw CaseFailure("\(platform) is no platform") }
        let manifest = try await client.image(pinned, for: Platform(os: platform[0], architecture: platform[1]))
            .manifest
        for descriptor in [manifest.configuration] + manifest.layers {
            let sink = MemorySink()
            try await client.blob(descriptor, of: repository, into: sink)
            guard Digest.of(sink.bytes) == descriptor.digest else { throw CaseFailure("the client gave other bytes") }
        }
    }
}

/// Keeps a blob.
final class MemorySink: BlobSink {
    private let state = Mutex<[UInt8]>([])
    var bytes: [UInt8] { state.withLock { $0 } }

    func begin(at offset: UInt64) async throws {
        try state.withLock { bytes in
            guard offset == 0 || offset == bytes.count else {
                throw CaseFailure("\(offset) is not behind \(bytes.count) bytes")
            }
            if offset == 0 { bytes = [] }
        }
    }

    func write(_ buffer: ByteBuffer) async throws { state.withLock { $0 += buffer.readableBytesView } }
}

/// What a case's client has to show: to its registry what the case says, to a mirror something of its own.
private struct CaseCredentials: CredentialSource {
    private let registry: RegistryHost
    private let credential: Credential

    init(_ registryCase: RegistryCase, _ registry: RegistryHost) {
        self.registry = registry
        let requests = registryCase.steps.map(\.request)
        let authorizations = requests.compactMap { $0.headers?["Authorization"] }
        let seen = authorizations.lazy.filter { $0.hasPrefix("Basic ") }
            .compactMap { Data(base64Encoded: String($0.dropFirst(6))) }.first
        let pair = seen.map { String(decoding: $0, as: UTF8.self).split(separator: ":", maxSplits: 1).map(String.init) }
        if let post = requests.first(where: { $0.at == .tokens && $0.method == "POST" }) {
            credential = .identityToken(post.form?["refresh_token"] ?? "RT")
        } else if let own = registryCase.credentials {
            credential = .basic(user: own.username, password: own.password)
        } else if let pair, pair.count == 2 {
            credential = .basic(user: pair[0], password: pair[1])
        } else {
            let usual = RegistryCase.Credentials.usual
            credential = .basic(user: usual.username, password: usual.password)
        }
    }

    func credential(for host: RegistryHost, repository: String?) async throws -> Credential? {
        host == registry ? credential : .basic(user: "mirror", password: "own")
    }

    func place(for host: RegistryHost, repository: String?) async -> String? { "the place of these credentials" }
}
