import TalosModel

/// What a machine is to boot.
public struct Assignment: Hashable, Sendable {
    /// When a machine boots from the network.
    public enum BootMode: String, Hashable, Sendable, CaseIterable {
        /// Each time it asks.
        case always
        /// Until it has booted once; from its disk afterwards.
        case once
        /// Never; it is sent to its disk.
        case local
    }

    /// The machine's name; nil for one that the file does not mention.
    public var name: String?
    /// The schematic; nil only with ``BootMode/local``.
    public var schematic: SchematicChoice?
    /// The Talos version; nil only with ``BootMode/local``.
    public var version: VersionSelector?
    /// Kernel arguments after the schematic's: those of the defaults, then those of the machine. They follow the rules
    /// of a schematic's own, so `-key` removes and `console=` replaces.
    public var arguments: [String]
    /// The absolute path of the machine configuration that is served to it, if it has one.
    public var configuration: String?
    /// Whether it boots the SecureBoot variant. The default is false.
    public var secureBoot: Bool
    /// When it boots from the network. The default is ``BootMode/always``.
    public var boot: BootMode
    /// Whether a network card's own iPXE is replaced by ours before anything else. The default is false.
    public var chainload: Bool
    /// The file name of the network boot program it is given in place of the usual one of its firmware, as in
    /// "snponly.efi"; nil for the usual one.
    public var loader: String?
    /// The Talos platform. The default is `metal`.
    public var platform: String
}

/// What happens to a machine that no entry matches.
public enum UnknownMachinePolicy: String, Hashable, Sendable, CaseIterable {
    /// It boots what the defaults say.
    case `default`
    /// It is not answered. This is the default.
    case ignore
    /// It asks again and again until it is assigned something.
    case wait
}
