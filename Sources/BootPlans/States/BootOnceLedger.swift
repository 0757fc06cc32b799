import Stores
import Synchronization

/// Remembers, across restarts, which machines have been given an image: those with `boot: once` go to their disk from then on.
final class BootOnceLedger: Sendable {
    private let store: EmbeddedStore
    // All of them, once they have been read: a machine that asks for its script does not wait for a disk.
    private let booted = Mutex<Set<String>?>(nil)

    /// A ledger in a store.
    init(store: EmbeddedStore) { self.store = store }

    /// Whether a machine has been given an image; nil while the store has not been read. Never waits.
    func recalled(_ machine: NotedMachine) -> Bool? {
        booted.withLock { booted in booted.map { booted in machine.names.contains { booted.contains($0) } } }
    }

    /// Whether a machine has been given an image.
    func hasBooted(_ machine: NotedMachine) throws -> Bool {
        if let known = recalled(machine) { return known }
        let read = Set(try store.recordKeys(.booted))
        // What was noted meanwhile is in the store by now, too.
        booted.withLock { booted in booted = booted ?? read }
        return recalled(machine) ?? false
    }

    /// Forgets a machine, so that it boots from the network once more.
    func forget(_ machine: NotedMachine) throws {
        guard try hasBooted(machine) else { return }
        for name in machine.names where booted.withLock({ $0?.contains(name) ?? false }) {
            if store.access == .readWrite { try store.removeRecord(.booted, name) }
            booted.withLock { _ = $0?.remove(name) }
        }
    }

    /// Notes that a machine has been given an image.
    func note(_ machine: NotedMachine) throws {
        if try hasBooted(machine) { return }
        try store.setRecord(.booted, machine.name, Array("{}".utf8))
        booted.withLock { _ = $0?.insert(machine.name) }
    }
}
