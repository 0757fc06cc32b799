import ImageFactory
import Logging
import Machines
import NetworkTypes
import Stores
import Synchronization
import Timelines
import Workers

/// What is known of a machine that its rule and its request do not say.
public struct MachineState: Hashable, Sendable {
    /// Whether it has been given its image since somebody wanted it to boot once.
    public var hasBooted: Bool

    /// A state.
    public init(hasBooted: Bool = false) { self.hasBooted = hasBooted }
}

/// Something that happened to a machine and that is remembered of it.
public enum MachineEvent: Hashable, Sendable {
    /// It was handed a script that boots Talos with the initramfs of a path.
    case toldToBoot(NotedMachine, Assignment.BootMode, initramfs: String, at: IPv4Address)
    /// It was told anything else: to boot from its disk, to wait, or that it cannot boot.
    case toldOtherwise(NotedMachine, at: IPv4Address)
    /// A part of an initramfs has been sent, to its last byte, to an address that is this machine's, as far as anybody knows.
    case delivered(DeliveredPart, to: MACAddress?, at: IPv4Address)

    /// Which machine it happened to; nil if nobody knows.
    var machine: MACAddress? {
        switch self {
        case .toldToBoot(let machine, _, _, _), .toldOtherwise(let machine, _): machine.mac
        case .delivered(_, let machine, _): machine
        }
    }
}

/// The one place where machines' states are: events go in, states come out. Asking changes nothing.
///
/// Whether a machine has booted once is on the disk before anybody is told so, or, where the disk does not take it, as soon as it
/// does; so is, but for a failure of the power, what it was told before. Its story, which is for people, gets there by a
/// journal a moment later.
public final class MachineStates: Sendable {
    /// The stories of machines' boots.
    public let timeline: BootTimeline
    let store: EmbeddedStore
    let logger: Logger
    let journal = Mutex<MachineJournal?>(nil)
    /// A thread of its own: nobody who asks or tells waits for the journal's disk.
    let journalWork = BlockingWork(width: 1, capacity: 4) { _ in
        FactoryError(.busy, "the journal of machines is being written already")
    }
    let ledger: BootOnceLedger
    /// Whether the notes on the disk could not be read when it was tried last.
    let unreadable = Mutex(false)
    let awaited: AwaitedDeliveries
    let awaitedJournal = Mutex<AwaitedJournal?>(nil)
    /// Whether there is no journal of what is awaited, because it could not be opened.
    let awaitsInMemoryOnly = Mutex(false)
    /// One thread, so that what is written last is what is so last.
    let awaitedWork = BlockingWork(width: 1, capacity: 4096) { _ in
        FactoryError(.busy, "too many machines are being told to boot once")
    }
    /// Threads of its own, so that machines boot whatever strangers ask of the factory.
    let storage = BlockingWork(width: 2, capacity: 4096) { load in
        FactoryError(.busy, "\(load.waiting) machines' states are being looked up; ask again in a moment")
    }

    /// The states that a store remembers.
    public init(store: EmbeddedStore, timeline: BootTimeline, logger: Logger) {
        self.store = store
        self.timeline = timeline
        self.logger = logger
        ledger = BootOnceLedger(store: store)
        awaited = AwaitedDeliveries()
    }

    /// A machine's state.
    ///
    /// - Throws: What the store says when it cannot be read, or `FactoryError` with the code `busy`.
    public func state(of machine: NotedMachine) async throws -> MachineState {
        if let known = ledger.recalled(machine) { return MachineState(hasBooted: known) }
        return MachineState(hasBooted: try await storage.run { [ledger] in try ledger.hasBooted(machine) })
    }

    /// Takes in what happened. What has to outlive the process is on the disk when this returns.
    ///
    /// - Throws: What the store says when it cannot be written, in which case it counts all the same and is written later, or
    ///   `FactoryError` with the code `busy`.
    public func apply(_ event: MachineEvent) async throws {
        switch event {
        case .toldToBoot(let machine, .once, let initramfs, let address):
            awaited.expect(machine, at: address, initramfs: initramfs)
            await keepAwaited()
        case .toldToBoot(let machine, .always, _, let address):
            awaited.withdraw(machine, at: address)
            await keepAwaited()
            // So that `once`, written again later, means once more.
            if try await state(of: machine).hasBooted {
                try await storage.run { [ledger] in try ledger.forget(machine) }
            }
        case .toldToBoot(let machine, .local, _, let address), .toldOtherwise(let machine, let address):
            awaited.withdraw(machine, at: address)
            await keepAwaited()
        case .delivered(let part, let machine, let address):
            guard let machine = awaited.fulfil(part, to: machine, at: address) else { return }
            // From now on it goes to its disk, whether or not this host's disk takes the note.
            ledger.note(machine)
            try await writeNotes()
            await keepAwaited()
        }
    }
}
