import Digests
import FolderTesting
import Foundation
import Imaging
import LayoutBuilding
import Logging
import Releases
import Schematics
import Stores
import Synchronization

@testable import ImageFactory

/// A factory over a store with a small release, which goes when the test ends.
final class Workshop: Sendable {
    static let version = "v1.13.5"

    let folder: TemporaryFolder
    let store: EmbeddedStore
    let factory: Factory
    let release: MiniatureRelease
    private let log = Lines()

    init(width: Int = 2) throws {
        folder = try TemporaryFolder()
        let path = folder.path
        try FileManager.default.createDirectory(atPath: "\(path)/work", withIntermediateDirectories: true)
        release = try MiniatureRelease(tag: Self.version, size: 200_000)
        store = try EmbeddedStore(root: "\(path)/store")
        let catalog = try ReleaseCatalog(store: store)
        let imager = Imager(
            store: store, temporaryDirectory: "\(path)/work", externalURL: "http://factory.example")
        factory = Factory(
            store: store, repository: SchematicRecords(store: store), catalog: catalog, imager: imager,
            queue: BuildQueue(width: width, capacity: 64),
            logger: Logger(label: "workshop") { [log] _ in Handler(lines: log) })
        try importRelease(named: "layout")
    }

    /// A factory over the same store as it is after a start.
    func factory(finished: any FinishedAssets) -> Factory {
        Factory(
            store: store, repository: SchematicRecords(store: store), finished: finished, catalog: factory.catalog,
            imager: factory.imager, queue: BuildQueue(width: 2, capacity: 64), logger: logger)
    }

    /// What is said goes to this workshop's lines.
    var logger: Logger { Logger(label: "workshop") { [log] _ in Handler(lines: log) } }

    /// How many lines of the log are these words.
    func said(_ message: String) -> Int { log.all.count { $0 == message } }

    /// Imports the release, once more if it is there already.
    func importRelease(named name: String) throws {
        try release.layout.write(toFolder: "\(folder.path)/\(name)")
        _ = try factory.catalog.importLayout(at: "\(folder.path)/\(name)", version: nil)
    }

    /// Keeps a schematic with some of the release's extensions, and gives its ID.
    func schematic(_ extensions: [String], argument: String = "x") async throws -> String {
        let names = extensions.map { "siderolabs/\($0)" }.joined(separator: ", ")
        let text =
            "customization: {extraKernelArgs: [\(argument)], systemExtensions: {officialExtensions: [\(names)]}}"
        return try await factory.create(Array(text.utf8)).id.description
    }

    /// An initramfs of a schematic.
    func initramfs(_ id: String) async throws -> Asset {
        try await factory.asset(schematic: id, version: Self.version, path: "initramfs-amd64.xz")
    }

    /// An asset that is remembered; nil if it would have to be made.
    func remembered(_ path: String, of id: String) async throws -> Asset? {
        struct NotRemembered: Error {}
        do {
            return try await factory.asset(schematic: id, version: Self.version, path: path) { _ in
                throw NotRemembered()
            }
        } catch is NotRemembered { return nil }
    }

    /// How many lines of the log say that something was built.
    var built: Int { log.all.count { $0 == "built" } }

    /// How many files of content the store has.
    func blobs() throws -> Int { try folder.names(in: "store/blobs/sha256").count }

    /// The name of the file with some content.
    func digest(of content: [UInt8]) -> String { Digest.of(content).hexadecimal }

    /// All files and folders of the store.
    func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(folder.path)/store").sorted()
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.MetadataValue? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.add("\(event.message)") }
    }
}
