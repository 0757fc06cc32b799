import Netboot
import NetworkTypes
import Synchronization

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
