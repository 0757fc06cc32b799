import ConfigurationYAML
import TalosModel

/// The settings of an entry or of the defaults, as far as they are given.
struct MachineSettings {
    var schematic: SchematicChoice?
    var version: VersionSelector?
    var arguments: [String] = []
    var configuration: String?
    var secureBoot: Bool?
    var boot: Assignment.BootMode?
    var chainload: Bool?
    var platform: String?
    var loader: String?

    // Given, though perhaps with a problem: no second one is made of it.
    var namesSchematic = false
    var namesVersion = false

    /// Takes what is not given from the defaults. Arguments come after the defaults' own.
    mutating func inherit(from defaults: MachineSettings) {
        if !namesSchematic { schematic = defaults.schematic }
        if !namesVersion { version = defaults.version }
        namesSchematic = namesSchematic || defaults.namesSchematic
        namesVersion = namesVersion || defaults.namesVersion
        arguments = defaults.arguments + arguments
        configuration = configuration ?? defaults.configuration
        secureBoot = secureBoot ?? defaults.secureBoot
        boot = boot ?? defaults.boot
        chainload = chainload ?? defaults.chainload
        platform = platform ?? defaults.platform
        loader = loader ?? defaults.loader
    }

    /// Whatever boots from the network needs a schematic and a version.
    func requireBootable(what: String, position: TextPosition, problems: ProblemList) {
        guard boot != .local else { return }
        if !namesSchematic {
            problems.add(position, "\(what) has no schematic", "add 'schematic:' to it or to 'defaults'")
        }
        if !namesVersion {
            problems.add(position, "\(what) has no version", "add 'version:' to it or to 'defaults'")
        }
    }

    func assignment() -> Assignment {
        Assignment(
            name: nil, schematic: schematic, version: version, arguments: arguments, configuration: configuration,
            secureBoot: secureBoot ?? false, boot: boot ?? .always, chainload: chainload ?? false,
            loader: loader, platform: platform ?? Platform.metal.name)
    }
}
