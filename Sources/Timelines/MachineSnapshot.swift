import Foundation

/// What is known of a machine's boots, for JSON.
public struct MachineSnapshot: Codable, Hashable, Sendable {
    /// The Ethernet address with colons.
    public var mac: String
    /// The last address that it had.
    public var address: String?
    /// Its processor architecture, as Talos names it, as it told last.
    public var architecture: String?
    /// How far its latest boot has come.
    public var stage: BootStage
    /// Its boots, the latest first.
    public var boots: [BootSnapshot]
}

/// One boot.
public struct BootSnapshot: Codable, Hashable, Sendable {
    /// When the machine was first seen in it.
    public var started: Date
    /// Seconds from its first step to its last.
    public var duration: Double
    /// How far it has come.
    public var stage: BootStage
    /// Its steps in order.
    public var events: [EventSnapshot]
    /// How many further steps were not kept.
    public var dropped: Int
}

/// One step of a boot.
public struct EventSnapshot: Codable, Hashable, Sendable {
    /// Which stage.
    public var stage: BootStage
    /// What exactly.
    public var detail: String
    /// Seconds since the boot began.
    public var at: Double
    /// Seconds since the step before.
    public var after: Double
    /// How often it happened.
    public var count: Int
    /// Seconds since the boot began when it happened last.
    public var last: Double
}
