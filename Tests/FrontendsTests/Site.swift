import BootPlans
import Compositions
import ConfigurationYAML
import CoreMetrics
import Foundation
import ImageFactory
import Imaging
import LayoutBuilding
import Logging
import Machines
import Metrics
import NetworkTypes
import PrometheusMetrics
import Releases
import Schematics
import ServerTesting
import Stores
import Synchronization
import TalosModel
import Testing
import Timelines

@testable import Frontends

/// What the process counts. swift-metrics takes one registry per process.
let processMetrics: PrometheusRegistry = {
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    return registry
}()

/// A frontend over a store with a small release, which goes when the test ends.
final class Site: Sendable {
    static let version = "v1.13.5"

    let folder: String
    let store: EmbeddedStore
    let catalog: ReleaseCatalog
    let factory: Factory
    let planner: BootPlanner
    let timeline: BootTimeline
    let neighbours: Neighbours
    let log = LogLines()
    let release: MiniatureRelease
    let machines: MachineDirectory?
    let schematicLimit: Int
    let groups: [any RouteGroup]

    /// A site.
    ///
    /// - Parameters:
    ///   - machines: The text of the machines file.
    ///   - files: Further files beside it, by name.
    ///   - finished: Where finished assets live besides.
    init(
        machines text: String? = nil, files: [String: String] = [:], schematicLimit: Int = 1 << 20,
        size: Int = FilledStore.smallSize, finished: (any FinishedAssets)? = nil
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-http-\(UUID())").path
        self.folder = folder
        try FileManager.default.createDirectory(atPath: "\(folder)/work", withIntermediateDirectories: true)
        let filled = try size == FilledStore.smallSize ? FilledStore.small.get() : FilledStore.large.get()
        release = filled.release
        try FileManager.default.copyItem(atPath: filled.path, toPath: "\(folder)/store")
        store = try EmbeddedStore(root: "\(folder)/store")
        catalog = try ReleaseCatalog(store: store)
        let logger = Logger(label: "site") { [log] _ in log.handler }
        let imager = Imager(
            store: store, temporaryDirectory: "\(folder)/work", externalURL: "http://factory.example")
        factory = Factory(
            store: store, repository: SchematicRecords(store: store), finished: finished, catalog: catalog,
            imager: imager,
            queue: BuildQueue(width: 2, capacity: 64), logger: logger)
        for (name, content) in files { try Data(content.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
        if let text {
            let path = "\(folder)/machines.yaml"
            try Data(text.utf8).write(to: URL(filePath: path))
            let directory = MachineDirectory(path: path)
            _ = try directory.reload().get()
            machines = directory
        } else {
            machines = nil
        }
        timeline = BootTimeline(logger: logger)
        planner = BootPlanner(
            factory: factory, machines: machines,
            states: MachineStates(store: store, timeline: timeline, logger: logger), logger: logger)
        neighbours = Neighbours(timeline: timeline)
        self.schematicLimit = schematicLimit
        let loader = LoaderFile(
            content: Composition([.file(try store.put(MiniatureRelease.noise(5000, seed: 77)))]),
            modified: 1_700_000_000)
        let boot = BootRoutes(planner: planner, observer: neighbours, name: "Slipway test")
        groups = [
            FrontPage(name: "Slipway test"),
            HealthRoutes { [machines] in machines?.status.problems.map(\.description) ?? [] },
            MetricsRoutes(registry: processMetrics) {},
            SchematicRoutes(factory: factory, bodyLimit: schematicLimit), VersionRoutes(factory: factory),
            ImageRoutes(factory: factory, planner: planner, observer: neighbours),
            PXERoutes(factory: factory, externalURL: nil), boot,
            ConfigRoutes(planner: planner, observer: neighbours), MachineRoutes(timeline: timeline),
            LoaderRoutes(file: { $0 == "ipxe.efi" ? loader : nil }, observer: neighbours, boot: boot),
        ]
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Serves on a port of the loopback while `body` runs.
    func serve<Value: Sendable>(
        limits: ConnectionLimits = .ofProcess, transport: BodyTransport = .sendfile,
        _ body: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> Value {
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "site") { [log] _ in log.handler }
        let listener = HTTPListener(
            address: "127.0.0.1", port: 0, groups: groups, name: "Slipway test", limits: limits,
            transport: transport)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.serve(logger: logger) { running.yield($0) } }
            group.addTask { [catalog] in await catalog.run() }
            defer { group.cancelAll() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            return try await body(port)
        }
    }

    /// Serves on a port of the loopback while `body`, which blocks, runs on a thread of its own.
    func visit<Value: Sendable>(
        limits: ConnectionLimits = .ofProcess, transport: BodyTransport = .sendfile,
        _ body: @escaping @Sendable (Int) throws -> Value
    ) async throws -> Value {
        try await serve(limits: limits, transport: transport) { port in try await blocking { try body(port) } }
    }

    /// Keeps a schematic, and gives its ID.
    func schematic(_ text: String) async throws -> String { try await factory.create(Array(text.utf8)).id.description }

    /// An asset that is remembered; nil if it would have to be made.
    func remembered(_ path: String, of schematic: String) async throws -> Asset? {
        struct NotRemembered: Error {}
        do {
            return try await factory.asset(schematic: schematic, version: Site.version, path: path) { _ in
                throw NotRemembered()
            }
        } catch is NotRemembered { return nil }
    }

    /// The bytes of an asset, read from its segments' files one after the other.
    func bytes(of path: String, schematic: String, version: String = Site.version) async throws -> [UInt8] {
        let asset = try await factory.asset(schematic: schematic, version: version, path: path)
        var bytes: [UInt8] = []
        try #require(asset.composition).read { bytes += $0 }
        return bytes
    }
}

/// A store into which the release has been imported, made once and copied for each test: an import syncs many files.
struct FilledStore {
    static let smallSize = 300_000
    static let largeSize = 6_000_000
    static let small = Result { try FilledStore(size: smallSize) }
    static let large = Result { try FilledStore(size: largeSize) }

    let path: String
    let release: MiniatureRelease

    private init(size: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-filled-\(getpid())-\(size)")
            .path
        path = "\(folder)/store"
        release = try MiniatureRelease(tag: Site.version, size: size)
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try release.layout.write(toFolder: "\(folder)/layout")
        let report = try ReleaseCatalog(store: EmbeddedStore(root: path)).importLayout(
            at: "\(folder)/layout", version: nil)
        try #require(report.failures.isEmpty, "\(report.failures)")
        try FileManager.default.removeItem(atPath: "\(folder)/layout")
        // The last thing that a test process does with it is to remove it.
        atexit { FilledStore.removeAll() }
    }

    private static func removeAll() {
        for size in [smallSize, largeSize] {
            try? FileManager.default.removeItem(
                at: FileManager.default.temporaryDirectory.appendingPathComponent("slipway-filled-\(getpid())-\(size)"))
        }
    }
}

/// Knows whose address an address is because a test says so.
final class Neighbours: BootObserver {
    private let timeline: BootTimeline
    private let known = Mutex<[IPv4Address: MACAddress]>([:])

    init(timeline: BootTimeline) { self.timeline = timeline }

    /// From now on, `address` is `mac`'s.
    func set(_ address: IPv4Address, to mac: MACAddress) { known.withLock { $0[address] = mac } }

    func record(_ event: BootEvent) { timeline.record(event) }
    func learned(_ address: IPv4Address, of mac: MACAddress) { timeline.learned(address, of: mac) }
    func machine(at address: IPv4Address) -> MACAddress? {
        known.withLock { $0[address] } ?? timeline.machine(at: address)
    }
    func proof(of address: IPv4Address) async -> AddressProof {
        known.withLock { $0[address] }.map { .machine($0) } ?? .none(reason: "\(address) is nobody's")
    }
}

/// What was logged, a line each: level, message, facts.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    /// The lines that say that something went wrong, without the one that is there because a test cancels its server.
    var errors: [String] {
        all.filter { line in
            (line.hasPrefix("error") || line.hasPrefix("critical")) && !line.hasPrefix("error Waiting on child channel")
        }
    }

    func matching(_ text: String) -> [String] { all.filter { $0.contains(text) } }

    var handler: any LogHandler { Handler(lines: self) }

    static func logger(_ lines: LogLines) -> Logger { Logger(label: "lines") { _ in lines.handler } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
            let text = facts.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
            lines.lines.withLock { $0.append("\(event.level) \(event.message)\(text)") }
        }
    }
}
