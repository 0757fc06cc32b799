import Appliance
import ArgumentParser
import Compositions
import Foundation
import Logging
import Schematics
import TalosModel

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Writes an asset to a file, without a daemon.",
        discussion: """
            The bytes are the same that the daemon serves under /image/<schematic>/<version>/<asset>, if both have the same \
            --external-url: an initramfs carries it. Kinds: kernel-<arch>, cmdline-<platform>-<arch>, initramfs-<arch>.xz.

              slipway build initramfs-amd64.xz --schematic gpu.yaml --talos v1.13.5 --output initramfs.xz
            """)

    @Argument(help: ArgumentHelp("The asset, by the last part of its path.", valueName: "asset"))
    var asset: String

    @Option(
        help: ArgumentHelp(
            "The schematic: a file, - for standard input, or an ID in the store.", valueName: "schematic"))
    var schematic: String?

    @Option(
        name: .customLong("talos"),
        help: ArgumentHelp("The Talos version: v1.13.5, 1.13 or latest.", valueName: "version"))
    var talosVersion = "latest"

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to write it. The default is the asset's name here.", valueName: "file"))
    var output: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var address: AddressOptions
    @OptionGroup var schematics: SchematicOptions
    // Those of `serve` that make no difference here are taken, so that the same options can be given to both.
    @OptionGroup(visibility: .hidden) var rack: RackOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        var settings = ApplianceSettings(store, address, rack, daemon, schematics)
        // An asset is made of a schematic and a release; who boots it does not matter.
        settings.machinesFile = nil
        guard FileManager.default.fileExists(atPath: settings.store + "/blobs") else {
            throw CommandFailure.exit(
                "slipway: \(settings.store) is not a store: it has no folder 'blobs'; import a release first")
        }
        do {
            let appliance = try Appliance(settings: settings, version: slipwayVersion, logger: makeLogger(.warning))
            defer { appliance.removeWorkspace() }
            let body = try schematic.flatMap { text -> [UInt8]? in
                SchematicID(parsing: text) == nil ? try readInput(text, limit: settings.schematicLimit) : nil
            }
            let composition = try await withProgress("building \(asset)") {
                try await appliance.build(
                    asset, schematic: body, schematicID: schematic.flatMap { SchematicID(parsing: $0) },
                    version: talosVersion)
            }
            let path = output ?? asset
            try write(composition, to: path)
            printError("\(path): \(composition.length) bytes")
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }

    /// Writes beside the target and renames, so that a half-written file never has its name.
    private func write(_ composition: Composition, to path: String) throws {
        let temporary = path + ".partial-\(getpid())"
        guard FileManager.default.createFile(atPath: temporary, contents: nil),
            let target = FileHandle(forWritingAtPath: temporary)
        else { throw CommandFailure.exit("slipway: cannot write \(path): \(String(cString: strerror(errno)))") }
        do {
            for slice in composition.slices {
                switch slice.segment {
                case .bytes(let bytes): try target.write(contentsOf: bytes)
                case .file(let file):
                    let source = try FileHandle(forReadingFrom: URL(filePath: file.path))
                    defer { try? source.close() }
                    while let chunk = try source.read(upToCount: 1 << 20), !chunk.isEmpty {
                        try target.write(contentsOf: chunk)
                    }
                }
            }
            try target.synchronize()
            try target.close()
            guard rename(temporary, path) == 0 else {
                throw CommandFailure.exit("slipway: cannot write \(path): \(String(cString: strerror(errno)))")
            }
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw error
        }
    }
}
