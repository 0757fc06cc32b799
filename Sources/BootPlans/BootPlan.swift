import Schematics
import TalosModel

/// What a machine is to do now, and why.
public struct BootPlan: Sendable {
    /// What it is to do.
    public enum Action: Sendable {
        /// Boot Talos.
        case boot(BootAssets)
        /// Boot from its own disk.
        case localDisk
        /// Ask again until somebody assigns it something.
        case wait
        /// Nothing: it is left alone.
        case ignore
        /// It cannot be given what it is assigned.
        case refuse
    }

    /// The machine's name, or its MAC address.
    public var machine: String
    /// What it is to do.
    public var action: Action
    /// Why, in a sentence for people; it names the rule.
    public var reason: String
}

/// What a machine boots.
public struct BootAssets: Sendable {
    /// The schematic.
    public var schematic: Schematic
    /// The exact version.
    public var version: TalosVersion
    /// The platform, and whether with SecureBoot.
    public var target: AssetPath
    /// The kernel's command line: the schematic's, then the machine's own arguments.
    public var commandLine: String
    /// What release and schematic are called.
    public var names: BootNames
}
