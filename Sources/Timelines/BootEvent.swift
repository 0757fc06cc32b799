import NetworkTypes

/// How far a boot has come. The order is that in which a boot passes through them.
public enum BootStage: String, Codable, CaseIterable, Hashable, Sendable, Comparable {
    /// A machine asked the network how to boot.
    case seen
    /// It was told.
    case offered
    /// It fetched a loader.
    case loader
    /// It fetched its script.
    case script
    /// It fetched its kernel.
    case kernel
    /// It fetched its initramfs.
    case initramfs
    /// Talos fetched its machine configuration.
    case config
    /// Something went wrong; the detail says what.
    case failed

    private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (left: BootStage, right: BootStage) -> Bool { left.order < right.order }
}

/// One step of one machine's boot.
public struct BootEvent: Hashable, Sendable {
    /// The machine.
    public var mac: MACAddress
    /// How far it has come.
    public var stage: BootStage
    /// What exactly: a file name, the firmware, a reason. Events of one stage with one detail are one event that repeats.
    public var detail: String
    /// The machine's address, if it has one by now.
    public var address: IPv4Address?
    /// Whether only a machine that was just started can have done this: firmware asking, not a loader that it loaded.
    public var startsBoot: Bool
    /// Whether nothing more is expected of the machine: it was told to boot from its disk, or that it cannot boot.
    public var endsBoot: Bool
    /// The machine's processor architecture, as Talos names it, if it told.
    public var architecture: String?

    /// A step.
    public init(
        mac: MACAddress, stage: BootStage, detail: String, address: IPv4Address? = nil, startsBoot: Bool = false,
        endsBoot: Bool = false, architecture: String? = nil
    ) {
        self.mac = mac
        self.stage = stage
        self.detail = detail
        self.address = address
        self.startsBoot = startsBoot
        self.endsBoot = endsBoot
        self.architecture = architecture
    }
}

/// Told of every step of every boot, by whichever server saw it. Called for each packet, so it must return at once.
public protocol BootObserver: Sendable {
    /// A machine took a step.
    func record(_ event: BootEvent)
    /// A machine was given an address.
    func learned(_ address: IPv4Address, of mac: MACAddress)
    /// Whose address this probably is, to name a story by. Whoever sends packets has a say in it.
    func machine(at address: IPv4Address) -> MACAddress?
    /// Whether an address is known to be a machine's well enough for its secrets. May wait for the kernel.
    func proof(of address: IPv4Address) async -> AddressProof
}
