import ConfigurationYAML
import NetworkTypes

/// Where settings come from, and how they are put together.
public struct SettingsSources: Sendable {
    /// The settings file that need not be there.
    public static let usualFile = "/etc/slipway/slipway.yaml"
    /// The variable that names another one, as `--settings` does.
    public static let fileVariable = "SLIPWAY_SETTINGS"
    /// Variables that begin as those of settings do: the systemd unit makes flags of the first.
    private static let otherVariables = ["SLIPWAY_OPTIONS", fileVariable]
    private static let prefix = "SLIPWAY_"

    /// The settings file that was named; nil for the usual one.
    public var file: String?
    /// The variables of the environment.
    public var environment: [String: String]
    /// The flags, in their order.
    public var flags: [FlagValue]

    /// Sources.
    public init(file: String? = nil, environment: [String: String] = [:], flags: [FlagValue] = []) {
        self.file = file
        self.environment = environment
        self.flags = flags
    }

    /// Puts them together; each replaces what weaker ones say of the same setting. This reads a file.
    public func load() -> LoadedSettings {
        var loaded = LoadedSettings()
        readFile(into: &loaded)
        readEnvironment(into: &loaded)
        readFlags(into: &loaded)
        loaded.problems += loaded.settings.contradictions
        return loaded
    }

    // MARK: - File

    private func readFile(into loaded: inout LoadedSettings) {
        let named = file ?? environment[Self.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        let path = named ?? Self.usualFile
        if named == nil, RegularFile.isAbsent(path) { return }
        do {
            loaded.read(try RegularFile.read(path, limit: SettingsFileReader.sizeLimit), path: path)
        } catch {
            loaded.problems.append(
                "\(path):1:1: the file cannot be read: \(error); correct its path or its permissions")
        }
    }

    /// Reads a text as the settings file at `path` would be read.
    public static func read(_ text: [UInt8], path: String) -> LoadedSettings {
        var loaded = LoadedSettings()
        loaded.read(text, path: path)
        return loaded
    }

    // MARK: - Environment

    private func readEnvironment(into loaded: inout LoadedSettings) {
        let known = ApplianceSettings.declarations.map(\.variable) + Self.otherVariables
        for place in ApplianceSettings.all {
            let name = place.declaration.variable
            // Who empties a variable unsets it.
            guard let text = environment[name], !text.isEmpty else { continue }
            do throws(SettingFault) {
                place.begin(&loaded.settings, .variable(name))
                for item in place.declaration.texts(ofVariable: text) {
                    try place.give(&loaded.settings, item, .variable(name))
                }
            } catch {
                loaded.problems.append("\(name): \(place.declaration.quoted(text)); \(place.declaration.remedy(error))")
            }
        }
        for name in environment.keys.sorted() where name.utf8.starts(with: Self.prefix.utf8) && !known.contains(name) {
            // Others' variables may begin so, too: Kubernetes makes some for a service of this name.
            let flag = ApplianceSettings.declarations.first { $0.flag.map(SettingDeclaration.variable(for:)) == name }
            if let meant = flag?.variable ?? Spelling.nearest(to: name, among: known) {
                loaded.problems.append("\(name): there is no such setting; did you mean '\(meant)'?")
            } else {
                loaded.remarks.append("\(name) is the variable of no setting")
            }
        }
    }

    // MARK: - Flags

    private func readFlags(into loaded: inout LoadedSettings) {
        var begun: Set<String> = []
        for flag in flags {
            guard let place = ApplianceSettings.all.first(where: { $0.declaration.key == flag.key }) else { continue }
            if begun.insert(flag.key).inserted { place.begin(&loaded.settings, .flag(flag.flag)) }
            do throws(SettingFault) { try place.give(&loaded.settings, flag.text, .flag(flag.flag)) } catch {
                loaded.problems.append(
                    "--\(flag.flag): \(place.declaration.quoted(flag.text.text)); \(place.declaration.remedy(error))")
            }
        }
    }
}

/// Settings as their sources have them.
public struct LoadedSettings: Sendable {
    /// Those in force; where something is wrong, what a weaker source says.
    public var settings = ApplianceSettings()
    /// Everything that is wrong: a sentence each, with its place.
    public internal(set) var problems: [String] = []
    /// What is worth knowing and not wrong.
    public internal(set) var remarks: [String] = []

    fileprivate mutating func read(_ text: [UInt8], path: String) {
        let list = ProblemList(file: path)
        SettingsFileReader.read(text, path: path, into: &settings, problems: list)
        problems += list.ordered.map(\.description)
        if list.unlisted > 0 { problems.append("\(path): and \(list.unlisted) more problems") }
    }
}

/// What a flag says of a setting.
public struct FlagValue: Sendable {
    /// The setting.
    public let key: String
    /// The flag's name, without its dashes.
    let flag: String
    let text: SettingText

    /// Reads a flag's argument.
    ///
    /// - Throws: ``SettingFault``, which says what would be right.
    public init<Value>(_ setting: Setting<Value>, _ argument: String) throws(SettingFault) {
        key = setting.declaration.key
        flag = setting.declaration.flag ?? key
        let declaration = setting.declaration
        text = declaration.text(of: argument)
        var trial = setting
        trial.begin(from: .flag(flag))
        do throws(SettingFault) { try trial.give(text, from: .flag(flag)) } catch {
            throw SettingFault(declaration.remedy(error))
        }
    }

    /// What the flag says that has both the address and the port of metrics, or off.
    ///
    /// - Throws: ``SettingFault``, which says what would be right.
    public static func metrics(_ argument: String) throws(SettingFault) -> [FlagValue] {
        let usual = ApplianceSettings.usual
        if argument == "off" { return [try FlagValue(usual.$metricsAddress, argument)] }
        let endpoint: ListenEndpoint
        do { endpoint = try ListenEndpoint(parsing: argument) } catch {
            throw SettingFault("\(error); 'off' serves them nowhere else")
        }
        let flag = usual.$metricsAddress.declaration.flag ?? ""
        return [
            try FlagValue(usual.$metricsAddress, endpoint.host.description),
            FlagValue(key: usual.$metricsPort.declaration.key, flag: flag, text: SettingText(String(endpoint.port))),
        ]
    }

    private init(key: String, flag: String, text: SettingText) {
        self.key = key
        self.flag = flag
        self.text = text
    }
}
