import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// An address on which HTTP listens, and what is served there.
public struct HTTPListener: Sendable {
    /// The address or name.
    public var address: String
    /// The TCP port; 0 takes any that is free.
    public var port: Int
    /// What is served.
    public var groups: [any RouteGroup]
    /// Name and version, as the `Server` header shows them.
    public var name: String
    /// How many connections there may be. The default is what the process' descriptors allow.
    public var limits: ConnectionLimits
    /// How files leave. The default is sendfile, as plain HTTP permits.
    public var transport: BodyTransport
    /// The settings by which address and port are chosen, for the remedy where they cannot be had.
    public var settings: Settings

    /// The names of two settings.
    public struct Settings: Sendable {
        /// The setting of the address.
        public var address: String
        /// The setting of the port.
        public var port: String

        /// Two settings, or one that has both.
        public init(address: String, port: String) {
            self.address = address
            self.port = port
        }
    }

    /// How long a connection may be idle, or take over sending a request.
    static let idleTimeout = Duration.seconds(60)

    /// A listener.
    public init(
        address: String, port: Int, groups: [any RouteGroup], name: String, limits: ConnectionLimits = .ofProcess,
        transport: BodyTransport = .sendfile,
        settings: Settings = Settings(address: "--http-address", port: "--http-port")
    ) {
        self.address = address
        self.port = port
        self.groups = groups
        self.name = name
        self.limits = limits
        self.transport = transport
        self.settings = settings
    }

    /// Serves until the task is cancelled or its service group shuts down.
    ///
    /// - Parameter onRunning: Called with the port once it listens.
    /// - Throws: ``ListeningError`` when it cannot listen.
    public func serve(logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void) async throws {
        var routes = Routes()
        for group in groups { group.add(to: &routes) }
        let responder = FrontendResponder(routes: routes, name: name, logger: logger)
        let server = FrontendChannel(
            responder: { request, writer, channel in
                let response = try await responder.respond(to: request, on: channel)
                do { try await writer.write(response: response.head, body: response.body) } catch is HTTPParserError {
                    // As it is, it would be answered with 400, in the middle of this answer.
                    throw BrokenRequest()
                }
            }, table: ConnectionTable(limits: limits), bodyLimit: groups.map(\.bodyLimit).max() ?? 0,
            idleTimeout: Self.idleTimeout, transport: transport
        ).server(
            configuration: .init(address: .hostname(address, port: port)),
            onServerRunning: { [port] channel in await onRunning(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        do { try await server.run() } catch let error as IOError {
            throw failure(error.errnoCode, String(cString: strerror(error.errnoCode)))
        } catch let error as SocketAddressError {
            throw failure(EADDRNOTAVAIL, "\(error)")
        }
    }

    private func failure(_ code: CInt, _ reason: String) -> ListeningError {
        let remedy =
            switch code {
            case EADDRINUSE: "stop the program that holds it, or choose another with \(settings.port)"
            case EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL: "choose an address of this host with \(settings.address)"
            default: "choose another with \(Set([settings.address, settings.port]).sorted().joined(separator: " and "))"
            }
        return ListeningError(address: address, port: port, reason: reason, remedy: remedy)
    }
}

/// A request that turned out not to be HTTP while it was answered.
private struct BrokenRequest: Error {}

/// Why HTTP cannot listen.
public struct ListeningError: Error, CustomStringConvertible {
    /// The address.
    public var address: String
    /// The TCP port.
    public var port: Int
    /// What the system says.
    public var reason: String
    /// What to do about it.
    public var remedy: String

    public var description: String { "HTTP cannot listen on \(address), port \(port): \(reason); \(remedy)" }
}
