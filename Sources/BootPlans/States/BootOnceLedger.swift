import NetworkTypes
import Stores
import Synchronization

/// Remembers, across restarts, which machines have been given an image: those with `boot: once` go to their disk from then on.
final class BootOnceLedger: Sendable {
    private let store: EmbeddedStore
    // All of them, once they have been read: a machine that asks for its script does not wait for a disk.
    private let booted = Mutex<Set<MACAddress>?>(nil)

    /// A ledger in a store.
    init(store: EmbeddedStore) { self.store = store }

    /// Whether a machine has been given an image; nil while the store has not been read. Never waits.
    func recalled(_ machine: MACAddress) -> Bool? { booted.withLock { $0?.contains(machine) } }

    /// Whether a machine has been given an image.
    func hasBooted(_ machine: MACAddress) throws -> Bool {
        if let known = recalled(machine) { return known }
        let read = Set(try store.recordKeys(.booted).compactMap { MACAddress(parsing: $0) })
        return booted.withLock { booted in
            // What was noted meanwhile is in the store by now, too.
            booted = booted ?? read
            return booted?.contains(machine) ?? false
        }
    }

    /// Forgets a machine, so that it boots from the network once more.
    func forget(_ machine: MACAddress) throws {
        guard try hasBooted(machine) else { return }
        if store.access == .readWrite { try store.removeRecord(.booted, machine.hyphenated) }
        booted.withLock { _ = $0?.remove(machine) }
    }

    /// Notes that a machine has been given an image.
    func note(_ machine: MACAddress) throws {
        if try hasBooted(machine) { return }
        try store.setRecord(.booted, machine.hyphenated, Array("{}".utf8))
        booted.withLock { _ = $0?.insert(machine) }
    }
}
