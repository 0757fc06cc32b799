import BootPlans
import Compositions
import DHCPService
import Foundation
import Frontends
import IPXE
import ImageFactory
import Imaging
import Logging
import Machines
import Metrics
import Netboot
import NetworkTypes
import PrometheusMetrics
import Releases
import Schematics
import ServiceLifecycle
import Settings
import Stores
import TFTPService
import Timelines
import UnixSignals
import Workers

/// The daemon: settings in, one group of services out.
public struct Appliance: Sendable {
    /// The name and version that consoles and headers show.
    public static func name(version: String) -> String { "Slipway \(version)" }

    /// How long transfers under way may go on after the daemon was told to end.
    static let grace = Duration.seconds(5)

    let settings: ApplianceSettings
    let logger: Logger
    let version: String
    let store: EmbeddedStore
    let catalog: ReleaseCatalog
    let machines: MachineDirectory?
    let factory: Factory
    let planner: BootPlanner
    let states: MachineStates
    let loaders: Loaders
    var timeline: BootTimeline { states.timeline }

    /// Opens the store, reads the machines file, looks for the loaders. Nothing listens yet.
    ///
    /// - Throws: ``ApplianceError``, a sentence with the remedy.
    public init(
        settings: ApplianceSettings, version: String, access: EmbeddedStore.Access = .readWrite, logger: Logger
    ) throws(ApplianceError) {
        self.settings = settings
        self.version = version
        self.logger = logger
        do {
            store = try EmbeddedStore(root: settings.store, access: access)
            catalog = try ReleaseCatalog(store: store)
        } catch {
            throw ApplianceError("the store \(settings.store) cannot be opened: \(error)")
        }
        let externalURL: String
        if let given = settings.externalURL {
            externalURL = given.description
        } else {
            externalURL = try Self.ownURL(settings)
        }
        let builds = max(1, settings.builds ?? ProcessInfo.processInfo.activeProcessorCount)
        let imager = Imager(store: store, externalURL: externalURL)
        if let conflict = settings.publishingConflict { throw ApplianceError(conflict) }
        factory = Factory(
            store: store, repository: SchematicRecords(store: store),
            finished: settings.publishing.map { PublishedFolder($0.folder, url: $0.url, logger: logger) },
            catalog: catalog, imager: imager,
            queue: BuildQueue(width: builds, capacity: settings.waitingBuilds), logger: logger)
        if let path = settings.machinesFile {
            machines = try Self.machines(
                at: path, isNamed: settings.$machinesFile.isGiven, store: store, logger: logger)
        } else {
            machines = nil
        }
        let timeline = BootTimeline(logger: logger) { [machines] mac in
            machines?.current?.names(MachineIdentity(mac: mac)) ?? false
        }
        states = MachineStates(store: store, timeline: timeline, logger: logger)
        planner = BootPlanner(
            factory: factory, machines: machines,
            states: states, logger: logger)
        loaders = Loaders(settings)
    }

    /// The machines file in force. A daemon whose file is refused starts from the last good one, or without machines: those
    /// without a fault, and whoever asks for images, are not to suffer from it. What only looks is told what is wrong. One that nobody
    /// has named need not be there yet; when it comes, it takes effect.
    private static func machines(
        at path: String, isNamed: Bool, store: EmbeddedStore, logger: Logger
    ) throws(ApplianceError) -> MachineDirectory? {
        let kept = LastGoodMachines(store: store).load(path: path)
        let directory = MachineDirectory(path: path, mayBeMissing: !isNamed && kept == nil)
        guard case .failure(let error) = directory.reload() else { return directory }
        let readsOnly = store.access != .readWrite
        if directory.isMissing {
            logger.notice(
                "there is no machines file; no machine boots until it is written", metadata: ["file": "\(path)"])
            return readsOnly ? nil : directory
        }
        guard !readsOnly else { throw ApplianceError("the machines file is refused:\n\(error)") }
        if let kept { directory.adopt(kept) }
        let standing = directory.standing
        for problem in error.problems {
            logger.error("machines file refused; \(standing.sentence)", metadata: ["problem": "\(problem)"])
        }
        return directory
    }

    /// The address of the first interface, as images and scripts name it.
    private static func ownURL(_ settings: ApplianceSettings) throws(ApplianceError) -> String {
        let address: String
        do {
            address = try HostAddress.find(on: settings.interfaces)?.description ?? "localhost"
        } catch {
            throw ApplianceError("\(error)")
        }
        return settings.httpPort == 80 ? "http://\(address)" : "http://\(address):\(settings.httpPort)"
    }

    /// Serves until the task is cancelled or the process is told to end by SIGTERM or SIGINT.
    ///
    /// - Throws: ``ApplianceError`` when something cannot listen, with the remedy.
    public func run() async throws {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        // Before anything happens that would be added to them.
        await states.openJournal()
        let observer = NeighbourObserver(
            timeline: timeline, trusts: { [settings] in settings.givesConfigurations(to: $0) },
            interfaces: settings.interfaces)
        let manager = ServiceManager()
        for entry in SettingsListing(settings).entries where entry.isGiven {
            logger.info(
                "setting", metadata: ["name": "\(entry.name)", "value": "\(entry.value)", "from": "\(entry.origin)"])
        }
        let parts = Set<ApplianceReadiness.Part>([.http]).union(settings.dhcp == .off ? [] : [.dhcp])
            .union(settings.servesTFTP ? [.tftp] : [])
        let readiness = ApplianceReadiness(waitingFor: parts) { [logger] ports in
            let what = parts.map(\.rawValue).sorted().joined(separator: ", ")
            var facts: Logger.Metadata = ["serving": "\(what)"]
            for (part, port) in ports { facts["\(part.rawValue.lowercased()).port"] = "\(port)" }
            logger.notice("ready", metadata: facts)
            manager.ready(status: "serving \(what)")
        }
        for problem in settings.folderProblems {
            logger.warning(
                "a folder is missing; what it holds is served once it is there", metadata: ["problem": "\(problem)"])
        }
        for problem in settings.publishingProblems {
            logger.error(
                "finished assets are not published; they are once that is mended", metadata: ["problem": "\(problem)"])
        }
        for name in Loader.all where !loaders.isServed(name) {
            logger.notice(
                "a loader is missing; machines that need it are not answered until it is there",
                metadata: ["loader": "\(name)", "searched": "\(loaders.places.joined(separator: ", "))"])
        }

        var services: [any Service] = []
        services.append(CancellableService { [loaders] in await loaders.run() })
        var gauges: [@Sendable () -> Void] = []
        var advice: @Sendable () -> [String] = { [] }
        let mirror = CounterMirror()
        if settings.servesTFTP {
            let tftp = try tftpServer(observer: observer)
            services.append(CancellableService { try await tftp.run() })
            gauges.append { tftp.counters.publish(to: mirror) }
            readiness.report(.tftp, port: tftp.endpoints.first.map { Int($0.port) })
        }
        if settings.dhcp != .off {
            if !settings.servesTFTP || settings.tftpPort != 69 {
                logger.notice(
                    "PXE firmware is told to fetch its loader from this host's port 69, where this daemon does not serve TFTP"
                )
            }
            let dhcp = dhcpServer(observer: observer)
            services.append(
                CancellableService {
                    do { try await dhcp.run { _ in readiness.report(.dhcp) } } catch let error as DHCPServiceError {
                        throw ApplianceError("\(error)")
                    }
                })
            gauges.append { dhcp.counters.publish(to: mirror) }
            advice = { dhcp.advice.map(\.description) }
        }
        if let machines {
            services.append(
                MachinesService(machines: machines, lastGood: LastGoodMachines(store: store), logger: logger))
            gauges.append { machines.status.publish(to: mirror) }
        }
        services.append(CancellableService { [states] in await states.keepJournal() })
        services.append(CancellableService { [states] in await states.keepNotes() })
        services.append(CatalogService(catalog: catalog, logger: logger))
        services.append(StalledBootsService(timeline: timeline, planner: planner))
        services.append(WatchdogService(manager: manager))
        let metrics = MetricsRoutes(registry: registry) { [gauges] in for gauge in gauges { gauge() } }
        services.append(
            httpService(observer: observer, metrics: metrics, advice: advice) { readiness.report(.http, port: $0) })
        if let service = metricsService(metrics) { services.append(service) }
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // A client that does not take its bytes must not hold the end back.
        configuration.maximumGracefulShutdownDuration = Self.grace
        do { try await ServiceGroup(configuration: configuration).run() } catch is CancellationError {
            logger.notice("transfers were cut off", metadata: ["after": "\(Self.grace)"])
        } catch {
            // Services throw sentences; the group adds nothing to them.
            throw ApplianceError("\(error)")
        }
        manager.stopping()
        await states.closeJournal()
        removeWorkspace()
        logger.notice("stopped")
    }

    /// Removes what builds have taken apart; nothing is built after it.
    public func removeWorkspace() { store.removeWorkFolder() }

    private func tftpServer(observer: any BootObserver) throws(ApplianceError) -> TFTPServer {
        var options = TFTPServer.Settings()
        options.port = settings.tftpPort
        options.maximumTransfers = settings.tftpTransfers
        options.maximumTransfersPerClient = settings.tftpTransfersPerAddress
        options.singlePort = settings.tftpSinglePort
        options.blockSizeLimits = settings.tftpBlockSizes.entries.map { network, size in
            .init(address: network.address, prefixLength: network.prefixLength, maximumBlockSize: size)
        }
        let name = Self.name(version: version)
        let tree = loaders.tree { [settings] address in
            let server = ServerAddresses(address: address, httpPort: Int(settings.httpPort), loaders: [])
            let script = try? FirstStageScript.text(
                from: ScriptOrigin(name: name, baseURL: server.httpBase), bringingUpNetwork: true)
            return script.map { Array($0.utf8) }
        }
        do {
            let stories = TFTPStories(observer: observer)
            return try TFTPServer(settings: options, tree: tree, logger: logger) { stories.tell($0) }
        } catch {
            throw ApplianceError("TFTP cannot listen: \(error)")
        }
    }

    private func dhcpServer(observer: any BootObserver) -> DHCPServer {
        let listening = DHCPSettings.Listening(rawValue: settings.dhcp.rawValue) ?? .automatic
        let options = DHCPSettings(
            interfaces: settings.interfaces.map { .init($0, listening: listening) }, listening: listening,
            httpPort: Int(settings.httpPort))
        return DHCPServer(
            settings: options, serves: { [loaders] in loaders.isServed($0) },
            verdict: { [planner] in planner.verdict(on: $0) }, observer: observer, logger: logger)
    }

    private func httpService(
        observer: any BootObserver, metrics: MetricsRoutes, advice: @escaping @Sendable () -> [String],
        onRunning: @escaping @Sendable (Int) async -> Void
    ) -> any Service {
        let disk = BlockingWork(width: 1, capacity: 64) { _ in
            ApplianceError("too many ask for problems at once")
        }
        let name = Self.name(version: version)
        let health = HealthRoutes { [machines, catalog, states, store] in
            // It looks at files, and a disk may keep it waiting.
            let stored = try? await disk.run {
                catalog.problems.map { PublicText.withoutPaths($0, exceptBelow: store.root) }
            }
            return (machines?.publicSummary ?? []) + (stored ?? []) + states.problems + advice()
        }
        let boot = BootRoutes(planner: planner, observer: observer, name: name)
        let listener = HTTPListener(
            address: settings.httpAddress.description, port: Int(settings.httpPort),
            groups: [
                FrontPage(name: name), health, metrics,
                SchematicRoutes(factory: factory, bodyLimit: settings.schematicLimit),
                VersionRoutes(factory: factory), ImageRoutes(factory: factory, planner: planner, observer: observer),
                PXERoutes(factory: factory, externalURL: settings.externalURL?.description), boot,
                ConfigRoutes(planner: planner, observer: observer), MachineRoutes(timeline: timeline),
                LoaderRoutes(
                    file: { [loaders] in try await loaders.file(named: $0) }, observer: observer, boot: boot),
            ], name: name,
            settings: .init(address: settings.$httpAddress.handle, port: settings.$httpPort.handle))
        return HTTPService { [logger] in try await listener.serve(logger: logger, onRunning: onRunning) }
    }

    /// Metrics by themselves, where strangers do not come.
    private func metricsService(_ metrics: MetricsRoutes) -> (any Service)? {
        let endpoint: ListenEndpoint
        let isChosen: Bool
        switch settings.metrics {
        case .off: return nil
        case .usual(let usual): (endpoint, isChosen) = (usual, false)
        case .endpoint(let chosen): (endpoint, isChosen) = (chosen, true)
        }
        let listener = HTTPListener(
            address: endpoint.host.description, port: Int(endpoint.port), groups: [metrics],
            name: Self.name(version: version), limits: ConnectionLimits(total: 16, perClient: 16),
            settings: .init(address: settings.$metricsAddress.handle, port: settings.$metricsPort.handle))
        return HTTPService { [logger] in
            do {
                try await listener.serve(logger: logger) { port in
                    logger.info("metrics", metadata: ["address": "\(endpoint.host)", "port": "\(port)"])
                }
            } catch let error as ListeningError where !isChosen {
                // Nobody has asked for them there, and another daemon on this host may have been first.
                logger.notice("metrics are served by the HTTP port only", metadata: ["reason": "\(error)"])
                try? await gracefulShutdown()
            }
        }
    }
}

/// Why the appliance cannot start or go on, in a sentence with the remedy.
public struct ApplianceError: Error, Sendable, CustomStringConvertible {
    public let description: String

    /// A sentence.
    public init(_ description: String) { self.description = description }
}
