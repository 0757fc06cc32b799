import NetworkTypes
import Synchronization
import Timelines

/// Machines with `boot: once` that were told to boot and have not fetched their initramfs yet. What a machine tells beside its
/// MAC address is known only when it asks for its script, so its rule is remembered from then.
///
/// They are filed under the address that asked, which its connection has proven: whoever asks in many machines' names has one
/// place and drives out nobody.
final class AwaitedDeliveries: Sendable {
    private struct Machine {
        var mac: MACAddress
        var since: ContinuousClock.Instant
    }

    /// A kernel and an initramfs take a slow machine minutes, and an outage of this host some more.
    static let lifetime = Duration.seconds(3600)
    private let machines: Mutex<RecencyMap<IPv4Address, Machine>>

    init(capacity: Int = 65_536) { machines = Mutex(RecencyMap(capacity: capacity)) }

    /// A machine was told to boot.
    func expect(_ mac: MACAddress, at address: IPv4Address, now: ContinuousClock.Instant = .now) {
        machines.withLock { machines in
            let machine = Machine(mac: mac, since: now)
            machines.update(address, default: machine) { $0 = machine }
        }
    }

    /// A machine was told something else: what it fetches from then on ends no earlier `boot: once`.
    func withdraw(_ mac: MACAddress, at address: IPv4Address) {
        machines.withLock { machines in
            if machines.peek(address)?.mac == mac { machines.remove(address) }
        }
    }

    /// Whether a machine that has fetched its initramfs was expected to; after this it is not any more.
    func fulfil(_ mac: MACAddress, at address: IPv4Address, now: ContinuousClock.Instant = .now) -> Bool {
        machines.withLock { machines in
            guard let machine = machines.peek(address), machine.mac == mac else { return false }
            machines.remove(address)
            return now - machine.since < Self.lifetime
        }
    }
}
