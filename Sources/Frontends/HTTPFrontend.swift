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
        public var problems: @Sendable () -> [String]
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
            problems: @escaping @Sendable () -> [String], measure: @escaping @Sendable () -> Void, name: String,
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
    static let idleTimeout = TimeAmount.seconds(60)

    /// Every route, with what goes around them.
    public static func router(_ parts: Parts) -> Router<FrontendContext> {
        let router = Router(context: FrontendContext.self)
        router.addMiddleware {
            RequestMetrics()
            CommonHeaders(server: parts.name)
            ErrorAnswers()
        }
        HealthRoutes(problems: parts.problems, measure: parts.measure, metrics: parts.metrics).add(to: router)
        SchematicRoutes(factory: parts.factory, bodyLimit: parts.schematicLimit).add(to: router)
        VersionRoutes(factory: parts.factory).add(to: router)
        ImageRoutes(factory: parts.factory, planner: parts.planner, observer: parts.observer).add(to: router)
        PXERoutes(factory: parts.factory, externalURL: parts.externalURL).add(to: router)
        BootRoutes(planner: parts.planner, observer: parts.observer, name: parts.name).add(to: router)
        ConfigRoutes(planner: parts.planner, observer: parts.observer).add(to: router)
        MachineRoutes(timeline: parts.timeline).add(to: router)
        LoaderRoutes(file: parts.loaders, observer: parts.observer).add(to: router)
        refuseOtherMethods(on: router)
        return router
    }

    /// Answers 405 where a path is known and the method is another, with the methods that are (RFC 9110 §15.5.6).
    private static func refuseOtherMethods(on router: Router<FrontendContext>) {
        for (path, routes) in Dictionary(grouping: router.routes, by: \.path.description) {
            let known = Set(routes.map(\.method))
            let allowed = known.map(\.rawValue).sorted().joined(separator: ", ")
            for method in [HTTPRequest.Method.get, .head, .post, .put, .patch, .delete] where !known.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ in
                    var response = Response.refusal(.methodNotAllowed, "Method Not Allowed")
                    response.headers[.allow] = allowed
                    return response
                }
            }
        }
    }

    /// Serves until the task is cancelled or its service group shuts down.
    ///
    /// - Parameters:
    ///   - port: The TCP port; 0 takes any that is free.
    ///   - onRunning: Called with the port once it listens.
    /// - Throws: ``ListeningError`` when it cannot listen.
    public static func serve(
        _ parts: Parts, address: String, port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void
    ) async throws {
        let application = Application(
            responder: router(parts).buildResponder(),
            server: .http1(
                configuration: .init(additionalChannelHandlers: [SendFileInstaller()], idleTimeout: idleTimeout)),
            configuration: .init(address: .hostname(address, port: port)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
        do { try await application.run() } catch let error as IOError {
            throw ListeningError(
                address: address, port: port, reason: String(cString: strerror(error.errnoCode)),
                remedy: ListeningError.remedy(for: error.errnoCode))
        } catch let error as SocketAddressError {
            throw ListeningError(
                address: address, port: port, reason: "\(error)", remedy: ListeningError.remedy(for: EADDRNOTAVAIL))
        }
    }
}

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
