import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import OCIModel
import Workers

/// Asks registries for what they have (distribution specification 1.1), and takes nothing that is not what was asked for.
///
/// Every object may come from any of a registry's mirrors or from the registry itself: the bytes decide, not where they came from.
/// What was asked for by its digest is compared with the digest, and nothing that a registry says about its own bytes is believed.
public struct RegistryClient: Sendable {
    /// How long things may take, and how large they may be.
    public let limits: RegistryLimits
    let conversation: Conversation
    let transport: Transport
    let gate = HostGate()
    let logger: Logger
    let work: BlockingWork
    private let settings: [RegistryHost: RegistrySettings]

    /// - Parameters:
    ///   - settings: What is particular about some registries. Files of certificates are read now.
    ///   - credentials: Where credentials come from that are not in the settings.
    /// - Throws: ``RegistryError``, where a file of certificates cannot be read.
    public init(
        settings: [RegistryHost: RegistrySettings] = [:], credentials: any CredentialSource = AnonymousCredentials(),
        limits: RegistryLimits = RegistryLimits(), logger: Logger
    ) throws(RegistryError) {
        self.settings = settings
        self.limits = limits
        self.logger = logger
        var tls: [RegistryURL.Origin: TLSConfiguration] = [:]
        for (host, own) in settings where !own.certificateAuthorities.isEmpty {
            tls[try Endpoint(host, settings: own).base.origin] = try CertificateFiles.configuration(
                own.certificateAuthorities)
        }
        work = BlockingWork(width: 2, capacity: 4096) { _ in
            RegistryError(.unavailable, "too many documents of registries are being read at once; do it again")
        }
        transport = Transport(limits: limits, tls: tls)
        let server = TokenServer(transport: transport, gate: gate, logger: logger)
        let login = Login(credentials: credentials, settings: settings, server: server)
        conversation = Conversation(transport: transport, login: login, gate: gate, limits: limits)
    }

    /// Closes all connections; the client is of no use afterwards.
    public func shutdown() async throws { try await transport.shutdown() }

    /// Whether a registry is there and speaks the protocol, and takes our credentials.
    public func ping(_ host: RegistryHost) async throws {
        let endpoint = try Endpoint(host, settings: settings[host])
        let request = "\(host), asked whether it is a registry,"
        let deadline = Deadline(in: limits.document)
        try await attempts(limits.attempts).run(at: endpoint, gate, deadline) {
            let answer = try await conversation.ask(
                .GET, endpoint.base, at: endpoint, repository: nil, following: .sameOrigin, deadline: deadline,
                request: request)
            guard answer.isSuccess else { throw try await conversation.fault(answer, request: request) }
            _ = try await answer.explanation()
        }
    }

    /// The places that have a repository, in the order in which they are asked.
    func endpoints(of repository: Repository) throws(RegistryError) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        let mirrors = settings[repository.host]?.mirrors ?? []
        for mirror in mirrors {
            endpoints.append(try Endpoint(mirror.host, prefix: mirror.prefix, settings: settings[mirror.host]))
        }
        if !mirrors.contains(where: \.isExclusive) {
            endpoints.append(try Endpoint(repository.host, settings: settings[repository.host]))
        }
        return endpoints
    }

    func attempts(_ count: Int) -> Attempts {
        Attempts(
            policy: RetryPolicy(attempts: count, firstWait: limits.firstWait, longestWait: limits.longestWait),
            logger: logger)
    }

    /// Asks one place after the other until one has it. Places that are not the last are not waited for.
    ///
    /// - Parameter progress: How many bytes have come so far, at any place.
    func first<Value>(
        of repository: Repository, _ deadline: Deadline, progress: () -> UInt64 = { 0 },
        _ body: (Endpoint) async throws -> Value
    ) async throws -> Value {
        var failures: [RegistryError] = []
        let endpoints = try endpoints(of: repository)
        for (index, endpoint) in endpoints.enumerated() {
            let isLast = index == endpoints.count - 1
            do {
                return try await attempts(limits.attempts).run(
                    at: endpoint, gate, deadline, isLast: isLast, progress: progress
                ) { try await body(endpoint) }
            } catch let error as RegistryError {
                failures.append(error)
                if !isLast {
                    logger.info("\(error.message); the next place is asked", metadata: ["registry": "\(endpoint.host)"])
                }
            }
        }
        throw Self.joined(failures, of: repository)
    }

    /// Why no place has it. The last one's reason is the kind: it is the registry itself, if that may be asked.
    private static func joined(_ failures: [RegistryError], of repository: Repository) -> RegistryError {
        guard var error = failures.last else {
            return RegistryError(.notFound, "there is no place from which \(repository) may be fetched")
        }
        guard failures.count > 1 else { return error }
        // What is missing in one place and cannot be asked for in another may be there.
        if error.code == .notFound, let other = failures.first(where: { $0.code != .notFound }), other.isTransient {
            error.code = other.code
        }
        error.message = failures.map(\.message).joined(separator: "; ")
        return error
    }
}
