import NetworkTypes
import Stores
import Synchronization

extension RecordKind {
    /// Machines that have been given an image, by MAC address.
    static let booted = RecordKind(rawValue: "booted")
}

/// Remembers, across restarts, which machines have been given an image: those with `boot: once` go to their disk from then on.
public final class BootOnceLedger: Sendable {
    private let store: EmbeddedStore
    private let known = Mutex<Set<MACAddress>>([])

    /// A ledger in a store.
    public init(store: EmbeddedStore) { self.store = store }

    /// Whether a machine has been given an image.
    public func hasBooted(_ machine: MACAddress) throws -> Bool {
        if known.withLock({ $0.contains(machine) }) { return true }
        guard try store.record(.booted, machine.hyphenated) != nil else { return false }
        known.withLock { _ = $0.insert(machine) }
        return true
    }

    /// Forgets a machine, so that it boots from the network once more.
    public func forget(_ machine: MACAddress) throws {
        known.withLock { _ = $0.remove(machine) }
        if store.access == .readWrite { try store.removeRecord(.booted, machine.hyphenated) }
    }

    /// Notes that a machine has been given an image.
    public func note(_ machine: MACAddress) throws {
        if try hasBooted(machine) { return }
        try store.setRecord(.booted, machine.hyphenated, Array("{}".utf8))
        known.withLock { _ = $0.insert(machine) }
    }
}
