/// A value of the META partition: settings that are older than the machine's configuration.
public struct MetaEntry: Hashable, Sendable {
    /// Which setting; see ``MetaKey``.
    public var key: UInt8
    /// Its value.
    public var value: [UInt8]

    /// A value of bytes.
    public init(key: UInt8, value: [UInt8]) {
        self.key = key
        self.value = value
    }

    /// A value of text.
    public init(key: UInt8, value: String) { self.init(key: key, value: Array(value.utf8)) }
}

/// The META keys that Talos gives a meaning.
public enum MetaKey {
    /// An upgrade in progress.
    public static let upgrade: UInt8 = 6
    /// The image of a staged upgrade.
    public static let stagedUpgradeImageReference: UInt8 = 7
    /// The options of a staged upgrade.
    public static let stagedUpgradeInstallOptions: UInt8 = 8
    /// How the STATE partition is encrypted.
    public static let stateEncryptionConfiguration: UInt8 = 9
    /// The network configuration of a bare metal machine.
    public static let metalNetworkPlatformConfiguration: UInt8 = 0x0a
    /// The `${code}` of a configuration URL.
    public static let downloadURLCode: UInt8 = 0x0b
    /// Free for the operator.
    public static let userReserved: ClosedRange<UInt8> = 0x0c...0x0e
    /// Replaces the SMBIOS UUID.
    public static let uuidOverride: UInt8 = 0x0f
    /// Tells apart machines that have the same UUID.
    public static let uniqueMachineToken: UInt8 = 0x10
    /// Which boot loader of a disk image the first boot keeps.
    public static let diskImageBootloader: UInt8 = 0x11
}
