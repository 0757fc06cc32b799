import Stores
import Synchronization
import Timelines

/// Remembers, across restarts, which machines have been given an image: those with `boot: once` go to their disk from then on.
///
/// What the disk does not take now counts all the same, and is written later. Everything but ``recalled(_:)`` blocks.
final class BootOnceLedger: Sendable {
    /// What could not be written.
    struct Trouble: Sendable {
        /// How many machines' notes.
        var count: Int
        /// Why, where it was tried.
        var cause: (any Error)?
    }

    private struct State {
        /// The names of all notes on the disk, once they have been read: a machine that asks for its script does not wait for a disk.
        var written: Set<String>?
        /// The names of those that are not on the disk yet.
        var unwritten: RecencyMap<String, Void>
        var cause: (any Error)?
        /// The state of the records that have been read; nil while it is none that would show a later change.
        var generation: RecordGeneration?
        /// Counts what this process changes in the records.
        var changes: UInt64 = 0

        func contains(_ machine: NotedMachine) -> Bool? {
            if machine.names.contains(where: { unwritten.contains($0) }) { return true }
            return written.map { written in machine.names.contains { written.contains($0) } }
        }
    }

    private let store: EmbeddedStore
    private let state: Mutex<State>
    /// Held by the one who changes records, so that what is forgotten is not written again.
    private let disk = Mutex(())

    /// A ledger in a store.
    ///
    /// - Parameter capacity: How many notes may wait for the disk.
    init(store: EmbeddedStore, capacity: Int = 65_536) {
        self.store = store
        state = Mutex(State(unwritten: RecencyMap(capacity: capacity)))
    }

    /// Whether a machine has been given an image; nil while the store has not been read. Never waits.
    func recalled(_ machine: NotedMachine) -> Bool? { state.withLock { $0.contains(machine) } }

    /// What could not be written; nil if all of it has been.
    var trouble: Trouble? {
        state.withLock { state in
            state.unwritten.count > 0 && state.cause != nil
                ? Trouble(count: state.unwritten.count, cause: state.cause) : nil
        }
    }

    /// Whether there is something to write.
    var isBehind: Bool { state.withLock { $0.unwritten.count > 0 } }

    /// Whether a machine has been given an image.
    func hasBooted(_ machine: NotedMachine) throws -> Bool {
        if let known = recalled(machine) { return known }
        let read = Set(try store.recordKeys(.booted))
        // What was noted meanwhile is in the store by now, too.
        state.withLock { state in state.written = state.written ?? read }
        return recalled(machine) ?? false
    }

    /// Forgets a machine, so that it boots from the network once more.
    func forget(_ machine: NotedMachine) throws {
        try disk.withLock { _ in
            guard try hasBooted(machine) else { return }
            state.withLock { state in for name in machine.names { state.unwritten.remove(name) } }
            _ = try hasBooted(machine)
            for name in machine.names where state.withLock({ $0.written?.contains(name) ?? false }) {
                if store.access == .readWrite { try store.removeRecord(.booted, name) }
                state.withLock { state in
                    state.written?.remove(name)
                    state.changes &+= 1
                }
            }
        }
    }

    /// Takes in that a machine has been given an image. Never waits; ``write()`` brings it to the disk.
    func note(_ machine: NotedMachine) {
        state.withLock { state in
            guard state.contains(machine) != true else { return }
            state.unwritten.update(machine.name, default: ()) { _ in }
        }
    }

    /// Writes what is not on the disk yet, the latest first, until the disk takes no more.
    ///
    /// - Throws: What the store says of the first note that it did not take; it and those after it are kept for the next time.
    func write() throws {
        for (name, _) in state.withLock({ $0.unwritten.entries }) {
            try disk.withLock { _ in
                guard state.withLock({ $0.unwritten.contains(name) }) else { return }
                do { try store.setRecord(.booted, name, Array("{}".utf8)) } catch {
                    state.withLock { $0.cause = error }
                    throw error
                }
                state.withLock { state in
                    state.unwritten.remove(name)
                    state.written?.insert(name)
                    state.changes &+= 1
                    state.cause = nil
                }
            }
        }
    }

    /// Takes over what others have changed: another daemon on the same store, or somebody who removes a note. Where this process
    /// changes something meanwhile, nothing is taken over; whoever watches the records is told of that change and comes again.
    func refresh() throws {
        let before = state.withLock { ($0.generation, $0.changes) }
        let generation = try store.recordGeneration(.booted)
        if let generation, generation == before.0 { return }
        let read = Set(try store.recordKeys(.booted))
        state.withLock { state in
            guard state.changes == before.1 else { return }
            state.written = read
            state.generation = generation.flatMap { $0.isSettled ? $0 : nil }
        }
    }
}
