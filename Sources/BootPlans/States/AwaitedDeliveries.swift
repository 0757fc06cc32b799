import NetworkTypes
import Synchronization
import Timelines

/// Machines with `boot: once` that were told to boot and have not fetched their initramfs yet. What a machine tells beside its
/// MAC address is known only when it asks for its script, so its rule is remembered from then.
///
/// A machine has its initramfs when all bytes of the one that it was told have been sent, in one answer or in several that follow
/// each other without a gap. They are filed under the address that asked, which its connection has proven: whoever asks in many
/// machines' names has one place and drives out nobody.
final class AwaitedDeliveries: Sendable {
    /// A machine that is awaited.
    struct Machine: Sendable {
        var machine: NotedMachine
        /// The path of its initramfs.
        var initramfs: String
        /// How many bytes from the beginning of the initramfs have been sent.
        var received: UInt64 = 0
        /// When it was told.
        var since: ContinuousClock.Instant
    }

    /// What has changed since it was asked last.
    enum Changes: Sendable {
        /// These addresses, with the machines that are awaited there now.
        case of([(address: IPv4Address, machine: Machine?)])
        /// More than are counted.
        case many
    }

    private struct State {
        var machines: RecencyMap<IPv4Address, Machine>
        /// The addresses where something has changed; nil when they are too many.
        var changed: Set<IPv4Address>? = []

        mutating func change(_ address: IPv4Address) {
            changed?.insert(address)
            if let count = changed?.count, count > machines.capacity { changed = nil }
        }
    }

    /// A kernel and an initramfs take a slow machine minutes, and an outage of this host some more.
    static let lifetime = Duration.seconds(3600)
    /// A machine that asks again so soon is not worth another line in a journal.
    private static let repetition = Duration.seconds(60)
    private let state: Mutex<State>

    init(capacity: Int = 65_536) { state = Mutex(State(machines: RecencyMap(capacity: capacity))) }

    /// A machine was told to boot.
    ///
    /// - Parameter initramfs: The path of the initramfs that it was told.
    func expect(
        _ machine: NotedMachine, at address: IPv4Address, initramfs: String, now: ContinuousClock.Instant = .now
    ) {
        state.withLock { state in
            var awaited = Machine(machine: machine, initramfs: initramfs, since: now)
            if let known = state.machines.peek(address), known.machine == machine, known.initramfs == initramfs,
                now - known.since < Self.repetition
            {
                awaited.since = known.since
            } else {
                state.change(address)
            }
            state.machines.update(address, default: awaited) { $0 = awaited }
        }
    }

    /// A machine was told something else: what it fetches from then on ends no earlier `boot: once`.
    func withdraw(_ machine: NotedMachine, at address: IPv4Address) {
        state.withLock { state in
            guard let awaited = state.machines.peek(address)?.machine,
                awaited.mac == machine.mac || machine.names.contains(awaited.name)
            else { return }
            state.machines.remove(address)
            state.change(address)
        }
    }

    /// The machine that has fetched a part of an initramfs and has all of what was awaited now; after this it is not awaited any
    /// more.
    ///
    /// - Parameter mac: Whose address it is; nil where nobody knows, as after a restart, when it counts as the machine's that was
    ///   told there.
    func fulfil(
        _ part: DeliveredPart, to mac: MACAddress?, at address: IPv4Address, now: ContinuousClock.Instant = .now
    ) -> NotedMachine? {
        state.withLock { state in
            guard let awaited = state.machines.peek(address), mac == nil || awaited.machine.mac == mac,
                awaited.initramfs == part.path, now - awaited.since < Self.lifetime,
                part.range.lowerBound <= awaited.received
            else { return nil }
            let received = max(awaited.received, part.range.upperBound)
            guard received >= part.length else {
                _ = state.machines.updateInPlace(address) { $0.received = received }
                return nil
            }
            state.machines.remove(address)
            state.change(address)
            return awaited.machine
        }
    }

    /// Whether a machine is awaited at an address.
    func isAwaited(at address: IPv4Address, now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { $0.machines.peek(address).map { now - $0.since < Self.lifetime } ?? false }
    }

    // MARK: - Keeping

    /// Whether something has changed.
    var isChanged: Bool { state.withLock { $0.changed?.isEmpty != true } }

    /// What has changed since this was asked last.
    func takeChanges() -> Changes {
        state.withLock { state in
            defer { state.changed = [] }
            guard let changed = state.changed else { return .many }
            return .of(changed.map { ($0, state.machines.peek($0)) })
        }
    }

    /// All machines that are awaited, those told last at the end.
    func all(now: ContinuousClock.Instant = .now) -> [(address: IPv4Address, machine: Machine)] {
        state.withLock { $0.machines.entries }.reversed().filter { now - $0.value.since < Self.lifetime }
            .map { ($0.key, $0.value) }
    }

    /// Takes over what an earlier process has kept, unless something is known of the address by now.
    func restore(_ kept: [(address: IPv4Address, machine: Machine)], now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            for (address, machine) in kept
            where now - machine.since < Self.lifetime && !state.machines.contains(address) {
                state.machines.update(address, default: machine) { _ in }
            }
        }
    }
}
