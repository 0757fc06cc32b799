import ArgumentParser
import Assembly
import Foundation
import Settings

/// A group of flags, each of which is a setting's.
protocol SettingFlags: ParsableArguments {
    /// What those that were given say, in the order of the declarations.
    func values() throws -> [FlagValue]
}

extension SettingFlags {
    func values() throws -> [FlagValue] { options }

    /// What the options say; their properties are wrapped, one and all.
    fileprivate var options: [FlagValue] {
        Mirror(reflecting: self).children.flatMap { child -> [FlagValue] in
            switch child.value {
            case let option as Option<FlagValue?>: option.wrappedValue.map { [$0] } ?? []
            case let option as Option<[FlagValue]>: option.wrappedValue
            case let option as Option<[FlagValue]?>: option.wrappedValue ?? []
            default: []
            }
        }
    }
}

extension Option {
    /// The flag of a setting with one value.
    init<Item>(_ path: KeyPath<ApplianceSettings, Setting<Item>>) where Value == FlagValue? {
        let setting = ApplianceSettings.usual[keyPath: path]
        self.init(
            name: setting.flagName, help: setting.flagHelp,
            transform: { argument in try refusing { () throws(SettingFault) in try FlagValue(setting, argument) } })
    }

    /// The flag of a setting with several values, which may be repeated.
    init<Item>(
        wrappedValue: [FlagValue], repeated path: KeyPath<ApplianceSettings, Setting<Item>>
    ) where Value == [FlagValue] {
        let setting = ApplianceSettings.usual[keyPath: path]
        self.init(
            wrappedValue: wrappedValue, name: setting.flagName, help: setting.flagHelp,
            transform: { argument in try refusing { () throws(SettingFault) in try FlagValue(setting, argument) } })
    }
}

extension Setting {
    fileprivate var flagName: NameSpecification { .customLong(declaration.flag ?? declaration.key) }
    fileprivate var flagHelp: ArgumentHelp { ArgumentHelp("\(declaration.help)", valueName: declaration.placeholder) }
}

/// Tells of what is no value as the parser does of others.
private func refusing<Value>(_ body: () throws(SettingFault) -> Value) throws -> Value {
    do { return try body() } catch { throw ValidationError("\(error)") }
}

/// The store, which most commands need.
struct StoreOptions: SettingFlags {
    @Option(\.$store) var store: FlagValue?
}

/// Where the daemon is reached: what URLs and images carry.
struct AddressOptions: SettingFlags {
    @Option(repeated: \.$interfaces) var interface: [FlagValue] = []
    @Option(\.$httpPort) var httpPort: FlagValue?
    @Option(\.$externalURL) var externalURL: FlagValue?
}

/// Who boots what, and with which loaders.
struct RackOptions: SettingFlags {
    @Option(\.$machinesFile) var config: FlagValue?
    @Option(\.$tftpRoot) var tftpRoot: FlagValue?
    @Option(repeated: \.$chosenLoaderFolders) var loaderFolders: [FlagValue] = []
}

/// How a running daemon serves.
struct DaemonOptions: SettingFlags {
    @Option(\.$dhcp) var dhcp: FlagValue?

    @Flag(name: .customLong("no-tftp"), help: "Do not serve TFTP.")
    var withoutTFTP = false

    @Option(\.$tftpPort) var tftpPort: FlagValue?
    @Option(\.$tftpTransfers) var tftpTransfers: FlagValue?
    @Option(\.$tftpTransfersPerAddress) var tftpTransfersPerClient: FlagValue?

    @Flag(help: "Send all of TFTP from the request port, for machines behind firewalls and address translation.")
    var tftpSinglePort = false

    @Option(repeated: \.$tftpBlockSizes) var tftpBlockSizes: [FlagValue] = []
    @Option(\.$httpAddress) var httpAddress: FlagValue?

    @Option(
        help: ArgumentHelp(
            "An address and port on which /metrics is served by itself, or off. The default is "
                + "\(ApplianceSettings.usualMetricsEndpoint), where nothing else is.", valueName: "address:port"),
        transform: { argument in try refusing { () throws(SettingFault) in try FlagValue.metrics(argument) } })
    var metricsAddress: [FlagValue]?

    @Option(repeated: \.$configurationsByNetwork) var configurationNetworks: [FlagValue] = []
    @Option(\.$builds) var builds: FlagValue?
    @Option(\.$waitingBuilds) var waitingBuilds: FlagValue?
    @Option(\.$publishedAssetsFolder) var publishedAssets: FlagValue?
    @Option(\.$publishedAssetsURL) var publishedAssetsURL: FlagValue?
    @Option(\.$logLevel) var logLevel: FlagValue?

    func values() throws -> [FlagValue] {
        let usual = ApplianceSettings.usual
        return options + (withoutTFTP ? [try FlagValue(usual.$servesTFTP, "false")] : [])
            + (tftpSinglePort ? [try FlagValue(usual.$tftpSinglePort, "true")] : [])
    }
}

/// What is taken of schematics.
struct SchematicOptions: SettingFlags {
    @Option(\.$schematicLimit) var schematicLimit: FlagValue?
}

/// All settings of the daemon.
struct SettingsOptions: ParsableArguments {
    @OptionGroup var file: SettingsFileOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var address: AddressOptions
    @OptionGroup var rack: RackOptions
    @OptionGroup var daemon: DaemonOptions
    @OptionGroup var schematics: SchematicOptions

    /// The settings by all sources, with what is wrong with them.
    func load() throws -> LoadedSettings { try file.load(store, address, rack, daemon, schematics) }

    /// The settings in force; what is wrong with them ends the command.
    func settings() throws -> ApplianceSettings { try file.settings(store, address, rack, daemon, schematics) }
}

/// The settings file, which all commands with settings read.
struct SettingsFileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The settings file. The default is \(SettingsSources.usualFile), if it is there.", valueName: "file"),
        transform: OptionValues.path)
    var settings: String?

    /// The settings by all sources, with what is wrong with them.
    func load(_ flags: any SettingFlags...) throws -> LoadedSettings { try load(flags) }

    /// The settings in force; what is wrong with them ends the command.
    func settings(_ flags: any SettingFlags...) throws -> ApplianceSettings {
        try load(flags).accepted()
    }

    private func load(_ flags: [any SettingFlags]) throws -> LoadedSettings {
        var loaded = SettingsSources(
            file: settings, environment: ProcessInfo.processInfo.environment,
            flags: try flags.flatMap { try $0.values() }
        ).load()
        // They mean the same whatever folder the daemon starts itself anew in.
        loaded.settings.store = absolute(loaded.settings.store)
        loaded.settings.tftpRoot = absolute(loaded.settings.tftpRoot)
        loaded.settings.publishedAssetsFolder = loaded.settings.publishedAssetsFolder.map(absolute)
        return loaded
    }
}

extension LoadedSettings {
    /// The settings, if nothing is wrong; what is ends the command.
    func accepted() throws -> ApplianceSettings {
        guard !problems.isEmpty else { return settings }
        printError("slipway: the settings are refused:")
        for problem in problems { printError(TerminalText.line(problem)) }
        throw ExitCode(1)
    }
}
