import BootPlans
import BootTimeline
import Compositions
import Factory
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import PrometheusMetrics
import ServiceLifecycle

/// Everything that is served by HTTP, as one application.
public struct HTTPFrontend: Sendable {
    /// What it is made of.
    public struct Parts: Sendable {
        /// Makes the assets.
        public var factory: Factory
        /// Knows what each machine boots.
        public var planner: BootPlanner
        /// Keeps the stories that `/machines` tells.
        public var timeline: BootTimeline
        /// Is told of each step of a boot.
        public var observer: any BootObserver
        /// The loader of a name, as of now; nil if there is none.
        public var loaders: @Sendable (String) async throws -> LoaderFile?
        /// What `/metrics` shows.
        public var metrics: PrometheusRegistry
        /// What an operator should look at.
        public var problems: @Sendable () async -> [String]
        /// Brings the gauges up to date.
        public var measure: @Sendable () -> Void
        /// Name and version, as consoles and the `Server` header show them.
        public var name: String
        /// The URL that factory scripts give for images; nil stands for the address that the client asked.
        public var externalURL: String?
        /// How many bytes a posted schematic may have.
        public var schematicLimit: Int

        /// The parts.
        public init(
            factory: Factory, planner: BootPlanner, timeline: BootTimeline, observer: any BootObserver,
            loaders: @escaping @Sendable (String) async throws -> LoaderFile?, metrics: PrometheusRegistry,
            problems: @escaping @Sendable () async -> [String], measure: @escaping @Sendable () -> Void, name: String,
            externalURL: String?, schematicLimit: Int
        ) {
            self.factory = factory
            self.planner = planner
            self.timeline = timeline
            self.observer = observer
            self.loaders = loaders
            self.metrics = metrics
            self.problems = problems
            self.measure = measure
            self.name = name
            self.externalURL = externalURL
            self.schematicLimit = schematicLimit
        }
    }

    /// How long a connection may be idle, or take over sending a request.
    static let idleTimeout = Duration.seconds(60)

    /// Every route.
    static func routes(_ parts: Parts) -> Routes {
        var routes = Routes()
        FrontPage(name: parts.name).add(to: &routes)
        HealthRoutes(problems: parts.problems, measure: parts.measure, metrics: parts.metrics).add(to: &routes)
        SchematicRoutes(factory: parts.factory, bodyLimit: parts.schematicLimit).add(to: &routes)
        VersionRoutes(factory: parts.factory).add(to: &routes)
        ImageRoutes(factory: parts.factory, planner: parts.planner, observer: parts.observer).add(to: &routes)
        PXERoutes(factory: parts.factory, externalURL: parts.externalURL).add(to: &routes)
        let boot = BootRoutes(planner: parts.planner, observer: parts.observer, name: parts.name)
        boot.add(to: &routes)
        ConfigRoutes(planner: parts.planner, observer: parts.observer).add(to: &routes)
        MachineRoutes(timeline: parts.timeline).add(to: &routes)
        LoaderRoutes(file: parts.loaders, observer: parts.observer, autoexec: boot.autoexec).add(to: &routes)
        return routes
    }

    /// Serves until the task is cancelled or its service group shuts down.
    ///
    /// - Parameters:
    ///   - port: The TCP port; 0 takes any that is free.
    ///   - limits: How many connections there may be.
    ///   - onRunning: Called with the port once it listens.
    /// - Throws: ``ListeningError`` when it cannot listen.
    public static func serve(
        _ parts: Parts, address: String, port: Int, limits: ConnectionLimits = .ofProcess, logger: Logger,
        onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let responder = FrontendResponder(routes: routes(parts), name: parts.name, logger: logger)
        let server = FrontendChannel(
            responder: { request, writer, channel in
                let response = try await responder.respond(to: request, on: channel)
                do { try await writer.write(response: response.head, body: response.body) } catch is HTTPParserError {
                    // As it is, it would be answered with 400, in the middle of this answer.
                    throw BrokenRequest()
                }
            }, table: ConnectionTable(limits: limits), bodyLimit: parts.schematicLimit, idleTimeout: idleTimeout
        ).server(
            configuration: .init(address: .hostname(address, port: port)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        do { try await server.run() } catch let error as IOError {
            throw ListeningError(
                address: address, port: port, reason: String(cString: strerror(error.errnoCode)),
                remedy: ListeningError.remedy(for: error.errnoCode))
        } catch let error as SocketAddressError {
            throw ListeningError(
                address: address, port: port, reason: "\(error)", remedy: ListeningError.remedy(for: EADDRNOTAVAIL))
        }
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

    static func remedy(for code: CInt) -> String {
        switch code {
        case EADDRINUSE: "stop the program that holds it, or choose another with --http-port"
        case EACCES: "ports below 1024 need the capability CAP_NET_BIND_SERVICE"
        case EADDRNOTAVAIL: "choose an address of this host with --http-address"
        default: "choose another with --http-address and --http-port"
        }
    }
}
