import ArgumentParser
import Assembly
import Compositions
import Logging
import Schematics
import Settings
import Stores
import TalosModel

struct BuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Writes an asset to a file, without a daemon.",
        discussion: """
            The bytes are the same that the daemon serves under /image/<schematic>/<version>/<asset>, if both have the same \
            --external-url: an initramfs carries it. Kinds: kernel-<arch>, cmdline-<platform>-<arch>, initramfs-<arch>.xz; each \
            with .sha256 or .sha512 behind it for its checksum.

              slipway build initramfs-amd64.xz --schematic gpu.yaml --talos v1.13.5 --output initramfs.xz
            """)

    @Argument(
        help: ArgumentHelp("The asset, by the last part of its path.", valueName: "asset"),
        transform: OptionValues.asset)
    var asset: String

    @Option(
        help: ArgumentHelp(
            "The schematic: a file, - for standard input, or an ID in the store.", valueName: "schematic"),
        transform: OptionValues.path)
    var schematic: String?

    @Option(
        name: .customLong("talos"),
        help: OptionValues.help(
            "The Talos version: v1.13.5, 1.13 or latest.", default: VersionSelector.latest, "version"),
        transform: OptionValues.versionSelector)
    var talosVersion = VersionSelector.latest

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where to write it, or - for standard output. The default is the asset's name here.", valueName: "file"),
        transform: OptionValues.path)
    var output: String?

    @OptionGroup var file: SettingsFileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var address: AddressOptions
    @OptionGroup var schematics: SchematicOptions
    // Those of `serve` that make no difference here are taken, so that the same options can be given to both.
    @OptionGroup(visibility: .hidden) var rack: RackOptions
    @OptionGroup(visibility: .hidden) var daemon: DaemonOptions

    func run() async throws {
        var settings = try file.settings(store, address, rack, daemon, schematics)
        // An asset is made of a schematic and a release; who boots it does not matter.
        settings.machinesFile = nil
        try becomeOwner(of: settings.store)
        do {
            try EmbeddedStore.requireStore(at: settings.store)
            let asset = try Appliance.asset(named: asset)
            let output = try OutputFile(output ?? self.asset, isText: asset.isText)
            let id = schematic.flatMap { SchematicID(parsing: $0) }
            let body = try schematic.flatMap { name in
                id == nil
                    ? try StoreOwner.asRoot { try SchematicText(name, limit: settings.schematicLimit).bytes } : nil
            }
            let appliance = try Appliance(settings: settings, version: slipwayVersion, logger: makeLogger(.warning))
            defer { appliance.removeWorkspace() }
            let composition = try await withProgress("building \(asset)") {
                try await appliance.build(
                    asset, named: self.asset, schematic: body, schematicID: id, version: talosVersion)
            }
            try output.write(composition)
            printError("\(output.name): \(composition.length) bytes")
        } catch let error as ApplianceError {
            throw CommandFailure.exit("slipway: \(error)")
        } catch let error as StoreError {
            throw CommandFailure.exit("slipway: \(error)")
        } catch let error as SegmentError {
            throw CommandFailure.exit("slipway: cannot read a part of the asset: \(error); run it again")
        }
    }
}
