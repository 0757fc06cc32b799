import BootPlans
import Foundation
import ImageFactory
import Imaging
import LayoutBuilding
import Logging
import Machines
import NetworkTypes
import OCIModel
import Releases
import Schematics
import Stores
import Synchronization
import TalosModel
import Testing
import Timelines

/// A store with releases and a machines file, as the daemon has them; it goes when the test ends.
final class Rack: Sendable {
    let folder: String
    let store: EmbeddedStore
    let factory: Factory
    let machines: MachineDirectory
    let planner: BootPlanner

    /// A rack whose store holds the small release of both architectures, and v1.12.0 for arm64 alone.
    init(_ text: String, files: [String: String] = [:]) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-plans-\(UUID())").path
        try FileManager.default.createDirectory(atPath: "\(folder)/work", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Self.filled.get(), toPath: "\(folder)/store")
        for (name, content) in files { try Data(content.utf8).write(to: URL(filePath: "\(folder)/\(name)")) }
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/machines.yaml"))
        store = try EmbeddedStore(root: "\(folder)/store")
        let catalog = try ReleaseCatalog(store: store)
        let logger = Logger(label: "rack") { _ in SwiftLogNoOpLogHandler() }
        factory = Factory(
            store: store, repository: SchematicRecords(store: store), catalog: catalog,
            imager: Imager(
                store: store, temporaryDirectory: "\(folder)/work", externalURL: "http://f.example"),
            queue: BuildQueue(width: 1, capacity: 8), logger: logger)
        machines = MachineDirectory(path: "\(folder)/machines.yaml")
        _ = try machines.reload().get()
        planner = BootPlanner(
            factory: factory, machines: machines,
            states: MachineStates(store: store, timeline: BootTimeline(logger: logger), logger: logger), logger: logger)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The plan for a machine that asks from an address, or of which somebody only wants to know.
    func plan(
        _ mac: String, _ architecture: Architecture? = .amd64, uuid: String? = nil, serial: String? = nil,
        at address: IPv4Address? = nil
    ) async throws -> BootPlan {
        let mac = try #require(MACAddress(parsing: mac))
        let machine = MachineIdentity(
            mac: mac, uuid: uuid.flatMap { SystemUUID(parsing: $0) }, serial: serial, architecture: architecture)
        let plan = await planner.plan(for: machine, baseURL: "http://10.0.0.1")
        return address == nil ? plan : await planner.handOut(plan, to: machine, at: address)
    }

    /// A machine fetches the initramfs of the rack's usual schematic, or of another one.
    func deliver(
        _ version: String = "v1.13.5", _ architecture: Architecture = .amd64, extra: String = "{}",
        to mac: MACAddress, at address: IPv4Address
    ) async throws {
        let schematic = try Schematic(decoding: Array("customization: \(extra)".utf8))
        let path = BootNames.path(
            of: AssetPath(.initramfs, architecture: architecture), schematic: schematic.id,
            version: try TalosVersion(parsing: version))
        await planner.delivered(DeliveredPart(path: path, range: 0..<10, length: 10), to: mac, at: address)
    }

    // Made once; an import syncs many files.
    private static let filled = Result { () throws -> String in
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slipway-plans-\(getpid())").path
        try? FileManager.default.removeItem(atPath: folder)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit { Rack.removeFilled() }
        let catalog = try ReleaseCatalog(store: EmbeddedStore(root: "\(folder)/store"))
        var partial = try MiniatureRelease(tag: "v1.13.4", extensions: ["gvisor", "lonely"], size: 3000).layout
        partial.entries.removeAll { $0.annotations.values.contains { $0.contains("/lonely:") } }
        for (number, layout) in [
            try MiniatureRelease(size: 3000).layout, partial, try Rack.armRelease("v1.12.0"),
        ].enumerated() {
            try layout.write(toFolder: "\(folder)/layout\(number)")
            let report = try catalog.importLayout(at: "\(folder)/layout\(number)")
            try #require(report.failures.isEmpty, "\(report.failures)")
        }
        return "\(folder)/store"
    }

    private static func removeFilled() {
        try? FileManager.default.removeItem(
            at: FileManager.default.temporaryDirectory.appendingPathComponent("slipway-plans-\(getpid())"))
    }

    private static func armRelease(_ tag: String) throws -> OCILayout {
        var layout = OCILayout()
        let path = "usr/install/arm64"
        layout.list(
            try layout.add(
                ImageContent(
                    [
                        [
                            LayoutBuilding.folder("usr"), LayoutBuilding.folder("usr/install"),
                            LayoutBuilding.folder(path), file("\(path)/vmlinuz", "kernel \(tag)"),
                            file("\(path)/initramfs.xz", "initramfs \(tag)"),
                        ]
                    ], entrypoint: ["/bin/imager"], labels: ["alpha.talos.dev/version": tag])),
            as: "ghcr.io/siderolabs/imager:\(tag)")
        return layout
    }
}

extension BootPlan {
    /// A word for what it tells a machine to do.
    var kind: String {
        switch payload {
        case .talos: "boot"
        case .localDisk: "disk"
        case .wait: "wait"
        case .ignore: "ignore"
        case .refuse: "refuse"
        }
    }
}
