import Appliance
import ArgumentParser
import Compositions
import Foundation
import Logging
import Schematics
import Stores
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
        try becomeOwner(of: settings.store)
        do {
            try EmbeddedStore.requireStore(at: settings.store)
            let asset = try Appliance.asset(named: asset)
            let id = schematic.flatMap { SchematicID(parsing: $0) }
            let body = try schematic.flatMap { name in
                id == nil
                    ? try StoreOwner.asRoot { try SchematicText(name, limit: settings.schematicLimit).bytes } : nil
            }
            let appliance = try Appliance(settings: settings, version: slipwayVersion, logger: makeLogger(.warning))
            defer { appliance.removeWorkspace() }
            let composition = try await withProgress("building \(asset)") {
                try await appliance.build(asset, schematic: body, schematicID: id, version: talosVersion)
            }
            let path = output ?? self.asset
            try write(composition, to: path)
            printError("\(path): \(composition.length) bytes")
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        } catch let error as StoreError {
            throw CommandFailure.exit("slipway: \(error)")
        }
    }

    /// Writes beside the target and renames, so that a half-written file never has its name; what is there and no file, as a pipe or
    /// a device, is written to. The target is named by whoever started the command, and the content is read as the store's owner.
    private func write(_ composition: Composition, to path: String) throws {
        let isFile = StoreOwner.asRoot { Self.isFileOrMissing(path) }
        let opened = isFile ? path + ".partial-\(getpid())" : path
        func failure(_ code: Int32) -> any Error {
            CommandFailure.exit("slipway: cannot write \(path): \(String(cString: strerror(code)))")
        }
        let (descriptor, code) = StoreOwner.asRoot {
            if isFile { unlink(opened) }
            let creation = isFile ? O_CREAT | O_EXCL | O_NOFOLLOW : 0
            let descriptor = open(opened, O_WRONLY | O_CLOEXEC | O_NOCTTY | creation, 0o666)
            return (descriptor, errno)
        }
        guard descriptor >= 0 else { throw failure(code) }
        let target = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            for segment in composition.segments {
                switch segment {
                case .bytes(let bytes): try target.write(contentsOf: bytes)
                case .file(let file): try file.read { try target.write(contentsOf: Data($0)) }
                }
            }
            guard isFile else { return try target.close() }
            try target.synchronize()
            try target.close()
            let code = StoreOwner.asRoot { rename(opened, path) == 0 ? 0 : errno }
            guard code == 0 else { throw failure(code) }
        } catch {
            if isFile { _ = StoreOwner.asRoot { unlink(opened) } }
            throw error
        }
    }

    private static func isFileOrMissing(_ path: String) -> Bool {
        // Looked at through links, because /dev/stdout is one; without waiting, because a pipe may have no writer.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        // What cannot be read may still be a file of somebody's.
        guard descriptor >= 0 else { return errno == ENOENT || errno == EACCES }
        defer { close(descriptor) }
        return FileIdentity(descriptor: descriptor)?.isRegular ?? true
    }
}
