import CLinux
import Netboot
import NetworkTypes
import Synchronization

/// A network interface of this host.
struct NetworkInterface: Hashable, Sendable {
    var name: String
    var index: UInt32
    /// Its Ethernet address, if it is Ethernet.
    var mac: MACAddress?
    var isLoopback: Bool
    var isUp: Bool
    /// Its IPv4 addresses, the primary one first.
    var addresses: [IPv4Address]

    /// All interfaces in the order of their indices.
    static func all() throws(DHCPServiceError) -> [NetworkInterface] {
        let capacity = 4096
        let list = UnsafeMutablePointer<dhcp_interface>.allocate(capacity: capacity)
        defer { list.deallocate() }
        let count = dhcp_interfaces(list, Int32(capacity))
        guard count >= 0 else { throw .system(action: "reading the network interfaces", code: -count) }
        var found: [UInt32: NetworkInterface] = [:]
        for position in 0..<Int(count) {
            let entry = list[position]
            var interface =
                found[entry.index]
                ?? NetworkInterface(
                    name: String(cString: dhcp_interface_name(list + position)), index: entry.index, mac: nil,
                    isLoopback: entry.is_loopback != 0, isUp: entry.is_up != 0, addresses: [])
            if entry.is_ethernet != 0 { interface.mac = MACAddress(value: entry.mac) }
            if entry.address != 0 { interface.addresses.append(IPv4Address(value: entry.address)) }
            found[entry.index] = interface
        }
        return found.values.sorted { $0.index < $1.index }
    }
}

/// How this host is reached, by interface, at one moment.
struct AddressView: Sendable {
    private var primary: [UInt32: ServerAddresses] = [:]
    private var own: [IPv4Address: ServerAddresses] = [:]
    private(set) var interfaces: [UInt32: NetworkInterface] = [:]

    /// Whether an address is this host's, as far as was known when the view was made.
    func isOwn(_ address: IPv4Address) -> Bool { own[address] != nil }

    /// All addresses of this host.
    var addresses: Set<IPv4Address> { Set(own.keys) }

    init(_ all: [NetworkInterface], httpPort: Int, serves: @escaping @Sendable (String) -> Bool) {
        for interface in all {
            interfaces[interface.index] = interface
            for address in interface.addresses {
                let server = ServerAddresses(address: address, httpPort: httpPort, serves: serves)
                own[address] = server
                if primary[interface.index] == nil { primary[interface.index] = server }
            }
        }
    }

    /// The address that a client is told: the one it spoke to, or the interface's first when it spoke to all.
    ///
    /// What the kernel suggests is no use: for an interface without addresses it takes one of another interface.
    func server(spokenToAt destination: IPv4Address, interface: UInt32) -> ServerAddresses? {
        own[destination] ?? primary[interface]
    }
}

/// Keeps the view of the interfaces fresh: read again every few seconds when used, and sooner when something is missing.
final class InterfaceTable: Sendable {
    private struct State: Sendable {
        var view: AddressView
        var read: ContinuousClock.Instant
    }

    private let state: Mutex<State>
    private let httpPort: Int
    private let serves: @Sendable (String) -> Bool

    static let lifetime = Duration.seconds(5)
    static let patience = Duration.seconds(2)

    init(_ interfaces: [NetworkInterface], httpPort: Int, serves: @escaping @Sendable (String) -> Bool) {
        self.httpPort = httpPort
        self.serves = serves
        let view = AddressView(interfaces, httpPort: httpPort, serves: serves)
        state = Mutex(State(view: view, read: .now))
    }

    /// The view, at most a few seconds old.
    /// - Parameter missing: Whether the last view lacked something.
    func view(missing: Bool = false) -> AddressView {
        let now = ContinuousClock.now
        let limit = missing ? Self.patience : Self.lifetime
        let (current, isOld) = state.withLock { state in
            // Whoever finds it old reads it; others go on with what there is.
            guard state.read.duration(to: now) > limit else { return (state.view, false) }
            state.read = now
            return (state.view, true)
        }
        guard isOld, let interfaces = try? NetworkInterface.all() else { return current }
        let fresh = AddressView(interfaces, httpPort: httpPort, serves: serves)
        state.withLock { $0.view = fresh }
        return fresh
    }
}
