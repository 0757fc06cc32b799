import NetworkTypes
import Synchronization
import Timelines
import Workers

/// Finds out whose address an address is. On this host's own links the kernel's neighbours tell; beyond them there is only
/// what DHCP and the machine itself let be heard.
final class NeighbourObserver: BootObserver {
    let timeline: BootTimeline
    /// Whether what was heard of an address beyond a router counts as proof, because the operator says so.
    private let trusts: @Sendable (IPv4Address) -> Bool
    /// The interfaces on whose links machines boot; empty for all.
    private let interfaces: Set<String>
    private let now: @Sendable () -> ContinuousClock.Instant
    private let place: @Sendable (IPv4Address) -> AddressPlace
    private let work = BlockingWork(width: 1, capacity: 1024) { _ in
        ApplianceError("too many addresses are being asked for at once")
    }

    private struct Name {
        var machine: MACAddress?
        var read: ContinuousClock.Instant
    }

    /// Where a machine was last seen on a link, and when.
    private struct Sighting {
        var address: IPv4Address
        var seen: ContinuousClock.Instant
    }

    private let sightings = Mutex(RecencyMap<MACAddress, Sighting>(capacity: 4096))
    /// How long a machine that was seen on a link is nowhere else, whatever is heard of it. One that moves behind a router waits
    /// so long for its configuration.
    static let presence = Duration.seconds(300)

    // For stories only: a rack that boots asks a thousand times a second for the same few addresses.
    private let names = Mutex(RecencyMap<IPv4Address, Name>(capacity: 4096))
    private static let lifetime = Duration.seconds(1)

    /// An observer.
    ///
    /// - Parameters:
    ///   - trusts: Whether a machine beyond a router gets its configuration by what was heard of it.
    ///   - interfaces: The interfaces on whose links machines boot; empty for all.
    ///   - now: What time it is.
    ///   - place: Where an address is.
    init(
        timeline: BootTimeline, trusts: @escaping @Sendable (IPv4Address) -> Bool, interfaces: [String],
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        place: @escaping @Sendable (IPv4Address) -> AddressPlace = { AddressPlace.find($0) }
    ) {
        self.timeline = timeline
        self.trusts = trusts
        self.interfaces = Set(interfaces)
        self.now = now
        self.place = place
    }

    func record(_ event: BootEvent) { timeline.record(event) }

    func learned(_ address: IPv4Address, of mac: MACAddress) { timeline.learned(address, of: mac) }

    func machine(at address: IPv4Address) -> MACAddress? {
        let now = now()
        let known = names.withLock { $0.peek(address) }
        if let known, now - known.read < Self.lifetime { return known.machine ?? timeline.machine(at: address) }
        var neighbour: MACAddress?
        if case .link(let interface, let found) = place(address) {
            neighbour = found
            if let found, boots(on: interface) { saw(found, at: address) }
        }
        names.withLock { names in
            names.update(address, default: Name(read: now)) { $0 = Name(machine: neighbour, read: now) }
        }
        return neighbour ?? timeline.machine(at: address)
    }

    /// Always asks the kernel anew, on a thread of its own: a moment ago the address may have been another's.
    func proof(of address: IPv4Address) async -> AddressProof {
        let place = try? await work.run { [place] in place(address) }
        switch place {
        case .link(let interface, let owner):
            guard let owner else {
                return .none(
                    reason: "\(address) is on the link of \(interface), and no neighbour there has answered for it")
            }
            // On another link anybody may call himself what a machine of this one is called.
            guard boots(on: interface) || trusts(address) else {
                return .none(
                    reason:
                        "\(address) is on the link of \(interface), where no machines boot; name it with --interface, "
                        + "or its network with --config-network, if they do")
            }
            if boots(on: interface) { saw(owner, at: address) }
            return .machine(owner)
        case .beyondRouter:
            guard trusts(address) else {
                return .none(
                    reason: "\(address) is beyond a router, where nothing proves who asks; --config-network names the "
                        + "networks whose machines get their configurations all the same")
            }
            guard let machine = timeline.machine(at: address) else {
                return .none(reason: "\(address) is nobody's who has booted through this host")
            }
            if let known = await presentAddress(of: machine) {
                return .none(
                    reason: "\(address) says that it is \(machine), which is on a link of this host as \(known) and "
                        + "not beyond a router; if it has moved there, it is believed in \(Self.presence.components.seconds) "
                        + "seconds")
            }
            return .machine(machine)
        case .ownHost:
            return .none(reason: "\(address) is this host's own address, and no machine's")
        case .nowhere:
            return .none(reason: "no way leads to \(address)")
        case nil:
            return .none(reason: "the kernel could not be asked about \(address)")
        }
    }

    /// Whether machines boot on an interface's link. On another one anybody may call himself what he likes.
    private func boots(on interface: String) -> Bool { interfaces.isEmpty || interfaces.contains(interface) }

    private func saw(_ machine: MACAddress, at address: IPv4Address) {
        let sighting = Sighting(address: address, seen: now())
        sightings.withLock { $0.update(machine, default: sighting) { $0 = sighting } }
    }

    /// The address that a machine has on a link, if it was seen there a moment ago and the kernel has not learned since that it
    /// is gone.
    private func presentAddress(of machine: MACAddress) async -> IPv4Address? {
        guard let sighting = sightings.withLock({ $0.peek(machine) }), now() - sighting.seen < Self.presence else {
            return nil
        }
        let place = try? await work.run { [place] in place(sighting.address) }
        if case .link(_, machine) = place { return sighting.address }
        return nil
    }

}
