import Glibc
import NIOCore
import Synchronization

/// How many connections there may be at once.
public struct ConnectionLimits: Sendable {
    /// In all.
    public var total: Int
    /// From one client. Many machines may stand behind one address, so it is a large part of all.
    public var perClient: Int

    /// Limits.
    public init(total: Int, perClient: Int) {
        self.total = max(1, total)
        self.perClient = max(1, perClient)
    }

    /// What the process' descriptors allow. A connection may need two, for itself and for the file that it is sent; a quarter
    /// of them all is left to TFTP, DHCP and the store.
    public static var ofProcess: ConnectionLimits {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        let descriptors = isKnown ? Int(clamping: limit.rlim_cur) : 1024
        let total = min(max(descriptors / 8 * 3, 8), 16_384)
        return ConnectionLimits(total: total, perClient: total - total / 4)
    }
}

/// Who is connected. What is full keeps the newest connection and closes the idlest: one without a request under way if
/// there is one, else that which has moved nothing for longest.
final class ConnectionTable: Sendable {
    private let limits: ConnectionLimits
    private let state = Mutex(Places())

    init(limits: ConnectionLimits) { self.limits = limits }

    /// How many connections have a place.
    var count: Int { state.withLock { $0.count } }

    /// Gives a new connection its place, and closes another if there are too many.
    ///
    /// - Returns: The place, for ``note(_:busy:)`` and ``leave(_:)``.
    func enter(_ channel: any Channel, from client: ClientKey) -> Int {
        let (place, crowded) = state.withLock { [limits] places -> (Int, (any Channel)?) in
            let place = places.enter(channel, from: client)
            if places.count(of: client) > limits.perClient { return (place, places.takeIdlest(of: client)) }
            return (place, places.count > limits.total ? places.takeIdlest() : nil)
        }
        crowded?.close(promise: nil)
        return place
    }

    /// Notes that something has moved on a connection.
    func note(_ place: Int, busy: Bool) { state.withLock { $0.note(place, busy: busy) } }

    /// Gives a place back, once for each ``enter(_:from:)``.
    func leave(_ place: Int) { state.withLock { $0.leave(place) } }
}

/// The places, and their order by use, for all clients and for each.
private struct Places {
    private struct Place {
        var channel: any Channel
        var client: ClientKey
        var isBusy = false
        /// False from when it was chosen to be closed until it is.
        var counts = true
    }

    private struct Order {
        var idle = RecencyLinks.List()
        var busy = RecencyLinks.List()

        var idlest: Int? { idle.idlest ?? busy.idlest }
    }

    private struct Client {
        var count = 0
        var order = Order()
    }

    private(set) var count = 0
    private var places: [Place?] = []
    private var free: [Int] = []
    private var order = Order()
    private var links = RecencyLinks()
    private var clients: [ClientKey: Client] = [:]
    private var clientLinks = RecencyLinks()

    func count(of client: ClientKey) -> Int { clients[client]?.count ?? 0 }

    mutating func enter(_ channel: any Channel, from client: ClientKey) -> Int {
        let place = Place(channel: channel, client: client)
        let number: Int
        if let reused = free.popLast() {
            number = reused
            places[number] = place
        } else {
            number = places.count
            places.append(place)
            links.grow()
            clientLinks.grow()
        }
        count += 1
        clients[client, default: Client()].count += 1
        link(number, place)
        return number
    }

    mutating func note(_ number: Int, busy: Bool) {
        guard var place = places[number], place.counts else { return }
        unlink(number, place)
        place.isBusy = busy
        places[number] = place
        link(number, place)
    }

    mutating func leave(_ number: Int) {
        if let place = places[number], place.counts { discount(number, place) }
        places[number] = nil
        free.append(number)
    }

    /// The channel to close, which does not count any more.
    mutating func takeIdlest(of client: ClientKey? = nil) -> (any Channel)? {
        let idlest = client.map { clients[$0]?.order.idlest } ?? order.idlest
        guard let number = idlest, var place = places[number] else { return nil }
        discount(number, place)
        place.counts = false
        places[number] = place
        return place.channel
    }

    private mutating func discount(_ number: Int, _ place: Place) {
        unlink(number, place)
        count -= 1
        clients[place.client, default: Client()].count -= 1
        if count(of: place.client) <= 0 { clients[place.client] = nil }
    }

    private mutating func link(_ number: Int, _ place: Place) {
        if place.isBusy {
            links.add(number, to: &order.busy)
            clientLinks.add(number, to: &clients[place.client, default: Client()].order.busy)
        } else {
            links.add(number, to: &order.idle)
            clientLinks.add(number, to: &clients[place.client, default: Client()].order.idle)
        }
    }

    private mutating func unlink(_ number: Int, _ place: Place) {
        if place.isBusy {
            links.remove(number, from: &order.busy)
            clientLinks.remove(number, from: &clients[place.client, default: Client()].order.busy)
        } else {
            links.remove(number, from: &order.idle)
            clientLinks.remove(number, from: &clients[place.client, default: Client()].order.idle)
        }
    }
}
