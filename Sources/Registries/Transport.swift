import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends one question and gives its answer: neither redirects nor logins nor second attempts.
///
/// It speaks HTTP/1.1 alone. Blobs come over connections of their own then, of which none starves another, and what stands before
/// registries breaks large bodies of HTTP/2.
struct Transport: Sendable {
    private let connections: Connections
    private let limits: RegistryLimits
    private let tls: [RegistryURL.Origin: TLSConfiguration]

    /// - Parameter tls: What is particular about the certificates of some servers.
    init(limits: RegistryLimits, tls: [RegistryURL.Origin: TLSConfiguration]) {
        self.limits = limits
        self.tls = tls
        // Threads of its own: what decrypts downloads is not to keep those waiting that answer machines.
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .nanoseconds(limits.connect.nanosecondsClamped),
                read: .nanoseconds(limits.idle.nanosecondsClamped)),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Balancers close connections that have been idle for a minute.
        configuration.connectionPool.idleTimeout = .seconds(50)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, limits.connectionsPerHost)
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .shared(threads), configuration: configuration)
        connections = Connections(client: client, threads: threads)
    }

    /// Closes all connections.
    func shutdown() async throws {
        try await connections.client.shutdown()
        try await connections.threads.shutdownGracefully()
    }

    /// - Parameters:
    ///   - registry: The registry in whose name it is asked; its certificates are good for where it leads, too.
    ///   - request: What is asked and of whom, for messages.
    func send(_ exchange: Exchange, registry: RegistryURL.Origin, deadline: Deadline, request: String) async throws
        -> Answer
    {
        try deadline.check(request)
        do { return try await attempt(exchange, registry: registry, deadline: deadline) } catch {
            try Task.checkCancellation()
            // A connection that was kept open may have been closed from over there just now, which says nothing about the server.
            guard (error as? HTTPClientError) == .remoteConnectionClosed, exchange.method != .POST else {
                throw Self.fault(error, request: request, isInBody: false)
            }
        }
        do { return try await attempt(exchange, registry: registry, deadline: deadline) } catch {
            try Task.checkCancellation()
            throw Self.fault(error, request: request, isInBody: false)
        }
    }

    private func attempt(
        _ exchange: Exchange, registry: RegistryURL.Origin, deadline: Deadline
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: exchange.url.text)
        request.method = exchange.method
        request.headers = exchange.headers
        request.headers.replaceOrAdd(name: "accept-encoding", value: "identity")
        request.headers.replaceOrAdd(name: "user-agent", value: TokenRequest.client)
        request.tlsConfiguration = tls[exchange.url.origin] ?? tls[registry]
        if let form = exchange.form {
            request.headers.replaceOrAdd(name: "content-type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(Array(form.utf8))
        }
        let wait = limits.connect + limits.idle
        let response = try await connections.client.execute(request, deadline: deadline.nearer(wait))
        return Answer(
            url: exchange.url, status: Int(response.status.code), headers: response.headers, body: response.body)
    }

    /// What a failure of the line means.
    static func fault(_ error: any Error, request: String, isInBody: Bool) -> any Error {
        func fault(_ code: RegistryError.Code, _ text: String) -> RegistryError {
            RegistryError(code, "\(request) \(text)", cause: error)
        }
        switch error {
        case is RegistryError, is CancellationError: return error
        case let error as HTTPClientError where Self.timeouts.contains(error):
            return fault(.timedOut, isInBody ? "stops in the middle of its answer" : "gives no answer in time")
        case let error as HTTPClientError where error == .remoteConnectionClosed || isInBody:
            return fault(isInBody ? .brokenAnswer : .unreachable, "breaks the connection off")
        case let error as HTTPClientError:
            return fault(.badAnswer, "does not answer as HTTP asks: \(error.shortDescription)")
        case let error as NIOConnectionError: return fault(.unreachable, "cannot be reached: \(Self.reason(error))")
        case HTTPParserError.invalidEOFState where !isInBody: return fault(.unreachable, "breaks the connection off")
        case is HTTPParserError where !isInBody:
            return fault(
                .badAnswer, "does not answer as HTTP asks; if that port speaks TLS, do not have it set to insecure")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: return fault(.unreachable, Self.tlsText(error))
        default:
            return fault(
                isInBody ? .brokenAnswer : .unreachable, "breaks the connection off: \(PlainText.shown("\(error)"))")
        }
    }

    private static let timeouts: [HTTPClientError] = [
        .readTimeout, .writeTimeout, .connectTimeout, .tlsHandshakeTimeout, .deadlineExceeded,
        .getConnectionFromPoolTimeout,
    ]

    private static func reason(_ error: NIOConnectionError) -> String {
        if let failure = error.connectionErrors.first?.error { return PlainText.shown("\(failure)") }
        return (error.dnsAError ?? error.dnsAAAAError).map { PlainText.shown("its name is not known: \($0)") }
            ?? "its name has no address"
    }

    private static func tlsText(_ error: any Error) -> String {
        let text = PlainText.shown("\(error)")
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return "does not speak TLS; if it speaks plain http, set it to insecure"
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("CERTIFICATE_UNKNOWN") {
            return "has a certificate that is not trusted here: \(text); set the file of its authority's certificates"
        }
        return "fails at TLS: \(text)"
    }
}

/// The connections, which end when nobody can ask any more; a client that nobody ends stops the process.
private final class Connections: Sendable {
    let client: HTTPClient
    let threads: MultiThreadedEventLoopGroup

    init(client: HTTPClient, threads: MultiThreadedEventLoopGroup) {
        self.client = client
        self.threads = threads
    }

    deinit {
        // It may have been ended already, which is no trouble.
        client.shutdown { [threads] _ in threads.shutdownGracefully { _ in } }
    }
}
