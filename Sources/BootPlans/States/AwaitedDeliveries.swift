import NetworkTypes
import Synchronization
import Timelines

/// A part of an asset that has been sent.
public struct DeliveredPart: Hashable, Sendable {
    /// The asset's path, as ``BootNames`` writes it.
    public var path: String
    /// Which of its bytes.
    public var range: Range<UInt64>
    /// How many bytes the asset has.
    public var length: UInt64

    /// A part of an asset.
    public init(path: String, range: Range<UInt64>, length: UInt64) {
        self.path = path
        self.range = range
        self.length = length
    }
}

/// Machines with `boot: once` that were told to boot and have not fetched their initramfs yet. What a machine tells beside its
/// MAC address is known only when it asks for its script, so its rule is remembered from then.
///
/// A machine has its initramfs when all bytes of the one that it was told have been sent, in one answer or in several that follow
/// each other without a gap. They are filed under the address that asked, which its connection has proven: whoever asks in many machines' names has one
/// place and drives out nobody.
final class AwaitedDeliveries: Sendable {
    private struct Machine {
        var machine: NotedMachine
        /// The path of its initramfs.
        var initramfs: String
        /// How many bytes from the beginning of the initramfs have been sent.
        var received: UInt64 = 0
        var since: ContinuousClock.Instant
    }

    /// A kernel and an initramfs take a slow machine minutes, and an outage of this host some more.
    static let lifetime = Duration.seconds(3600)
    private let machines: Mutex<RecencyMap<IPv4Address, Machine>>

    init(capacity: Int = 65_536) { machines = Mutex(RecencyMap(capacity: capacity)) }

    /// A machine was told to boot.
    ///
    /// - Parameter initramfs: The path of the initramfs that it was told.
    func expect(
        _ machine: NotedMachine, at address: IPv4Address, initramfs: String, now: ContinuousClock.Instant = .now
    ) {
        machines.withLock { machines in
            let machine = Machine(machine: machine, initramfs: initramfs, since: now)
            machines.update(address, default: machine) { $0 = machine }
        }
    }

    /// A machine was told something else: what it fetches from then on ends no earlier `boot: once`.
    func withdraw(_ machine: NotedMachine, at address: IPv4Address) {
        machines.withLock { machines in
            guard let awaited = machines.peek(address)?.machine,
                awaited.mac == machine.mac || machine.names.contains(awaited.name)
            else { return }
            machines.remove(address)
        }
    }

    /// The machine that has fetched a part of an initramfs and has all of what was awaited now; after this it is not awaited any
    /// more.
    func fulfil(
        _ part: DeliveredPart, to mac: MACAddress, at address: IPv4Address, now: ContinuousClock.Instant = .now
    ) -> NotedMachine? {
        machines.withLock { machines in
            guard let machine = machines.peek(address), machine.machine.mac == mac, machine.initramfs == part.path,
                now - machine.since < Self.lifetime, part.range.lowerBound <= machine.received
            else { return nil }
            let received = max(machine.received, part.range.upperBound)
            guard received >= part.length else {
                _ = machines.updateInPlace(address) { $0.received = received }
                return nil
            }
            machines.remove(address)
            return machine.machine
        }
    }
}
