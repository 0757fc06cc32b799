import BlockingWork
import BootTimeline
import NetworkTypes
import Synchronization

/// Finds out whose address an address is. On this host's own links the kernel's neighbours tell; beyond them there is only
/// what DHCP and the machine itself let be heard.
final class NeighbourObserver: BootObserver {
    let timeline: BootTimeline
    /// Networks beyond a router in which what was heard counts as proof, because the operator says so.
    private let trusted: [IPv4Network]
    /// The interfaces on whose links machines boot; empty for all.
    private let interfaces: Set<String>
    private let place: @Sendable (IPv4Address) -> AddressPlace
    private let work = BlockingWork(width: 1, capacity: 1024) { _ in
        ApplianceError("too many addresses are being asked for at once")
    }

    private struct Name {
        var machine: MACAddress?
        var read: ContinuousClock.Instant
    }

    // For stories only: a rack that boots asks a thousand times a second for the same few addresses.
    private let names = Mutex(RecencyMap<IPv4Address, Name>(capacity: 4096))
    private static let lifetime = Duration.seconds(1)

    /// An observer.
    ///
    /// - Parameters:
    ///   - trusted: Networks beyond a router whose machines get their configurations by what was heard of them.
    ///   - interfaces: The interfaces on whose links machines boot; empty for all.
    ///   - place: Where an address is.
    init(
        timeline: BootTimeline, trusted: [IPv4Network], interfaces: [String],
        place: @escaping @Sendable (IPv4Address) -> AddressPlace = { AddressPlace.find($0) }
    ) {
        self.timeline = timeline
        self.trusted = trusted
        self.interfaces = Set(interfaces)
        self.place = place
    }

    func record(_ event: BootEvent) { timeline.record(event) }

    func learned(_ address: IPv4Address, of mac: MACAddress) { timeline.learned(address, of: mac) }

    func machine(at address: IPv4Address) -> MACAddress? {
        let now = ContinuousClock.now
        let known = names.withLock { $0.peek(address) }
        if let known, now - known.read < Self.lifetime { return known.machine ?? timeline.machine(at: address) }
        var neighbour: MACAddress?
        if case .link(_, let found) = place(address) { neighbour = found }
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
            guard interfaces.isEmpty || interfaces.contains(interface) || trusts(address) else {
                return .none(
                    reason:
                        "\(address) is on the link of \(interface), where no machines boot; name it with --interface, "
                        + "or its network with --config-network, if they do")
            }
            return .machine(owner)
        case .beyondRouter:
            guard trusts(address) else {
                return .none(
                    reason: "\(address) is beyond a router, where nothing proves who asks; --config-network names the "
                        + "networks whose machines get their configurations all the same")
            }
            return timeline.machine(at: address).map { .machine($0) }
                ?? .none(reason: "\(address) is nobody's who has booted through this host")
        case .ownHost:
            return .none(reason: "\(address) is this host's own address, and no machine's")
        case .nowhere:
            return .none(reason: "no way leads to \(address)")
        case nil:
            return .none(reason: "the kernel could not be asked about \(address)")
        }
    }

    private func trusts(_ address: IPv4Address) -> Bool { trusted.contains { $0.contains(address) } }
}
