import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Four servers on the loopback that play a case: a registry, a token server, another server and a mirror.
public final class ScriptedRegistry: Sendable {
    /// Host and port of each server.
    public let hosts: [RegistryCase.Place: String]
    /// `http` or `https`.
    public let scheme: String
    private let script: Script
    private let channels: [any Channel]
    private let refusing: [RefusingPort]

    /// Starts the servers.
    ///
    /// - Parameters:
    ///   - certificates: What the servers show when the case wants TLS.
    ///   - heads: What becomes of HEAD where the case has GET alone.
    public init(
        playing registryCase: RegistryCase, heads: Heads = .likeGet, certificates: TestCertificates? = nil
    ) async throws {
        scheme = registryCase.registryScheme ?? "http"
        script = Script(registryCase, heads: heads)
        var tls: NIOSSLContext?
        if scheme == "https" {
            guard let certificates else { throw CaseFailure("TLS without certificates") }
            tls = try NIOSSLContext(configuration: certificates.serverConfiguration())
        }
        let bases = Bases(scheme: scheme)
        var hosts: [RegistryCase.Place: String] = [:]
        var (channels, refusing): ([any Channel], [RefusingPort]) = ([], [])
        for place in RegistryCase.Place.allCases {
            // Who refuses connections does so all the time.
            if registryCase.steps.contains(where: { $0.request.at == place && $0.response.connect == "refused" }) {
                let port = try RefusingPort()
                refusing.append(port)
                hosts[place] = "127.0.0.1:\(port.number)"
                continue
            }
            let (script, tls) = (script, tls)
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                        try pipeline.addHandler(
                            AnsweringHandler { request in
                                var request = request
                                request.place = place
                                return try script.answer(to: request, bases.fill)
                            })
                    }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            channels.append(channel)
            hosts[place] = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
        }
        bases.set(hosts)
        self.hosts = hosts
        self.channels = channels
        self.refusing = refusing
    }

    /// What becomes of HEAD where a case has GET alone.
    public enum Heads: String, Sendable, CaseIterable {
        /// It is answered like GET, without the body.
        case likeGet
        /// The server does not know it.
        case refused
    }

    /// All requests so far.
    public var requests: [ReceivedRequest] { script.log.map(\.request) }

    /// The steps that were taken, by their places in the case, in order.
    public var steps: [Int] {
        script.log.compactMap { if case .step(let position) = $0.source { position } else { nil } }
    }

    /// Requests that neither the case nor what all cases mean has an answer to.
    public var strays: [ReceivedRequest] { script.log.filter { $0.source == .stray }.map(\.request) }

    /// Ends the servers.
    public func stop() async {
        for channel in channels { try? await channel.close().get() }
        for port in refusing { port.close() }
    }
}
