import BootPlans
import BootTimeline
import Compositions
import Factory
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import PrometheusMetrics

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
        /// The loaders' files and times, by name.
        public var loaders: [String: (file: StoredFile, modified: Int64)]
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
            loaders: [String: (file: StoredFile, modified: Int64)], metrics: PrometheusRegistry,
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
        LoaderRoutes(
            files: parts.loaders.mapValues(\.file), modified: parts.loaders.mapValues(\.modified),
            observer: parts.observer
        ).add(to: router)
        return router
    }

    /// The server, ready to run.
    ///
    /// - Parameter onRunning: Called with the port once it listens.
    public static func application(
        _ parts: Parts, address: String, port: Int, logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void
    ) -> some ApplicationProtocol {
        Application(
            responder: router(parts).buildResponder(),
            server: .http1(
                configuration: .init(additionalChannelHandlers: [SendFileInstaller()], idleTimeout: idleTimeout)),
            configuration: .init(address: .hostname(address, port: port)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? port) },
            logger: logger)
    }
}
