import NetworkTypes
import Synchronization

/// Who has transfers under way, and who gives way when there are too many.
///
/// A request costs its sender one packet, whose source may be forged, so what counts against the limits must be cheap to
/// lose: a transfer whose client has not answered yet gives way to a new one, the oldest first, then one whose client has
/// fallen silent. Only those with a client that goes on acknowledging keep their place.
///
/// ```
/// request ──▶ opening ──▶ waiting ──▶ active ◀──▶ silent
///                            └──────── give way ────┘
/// ```
final class Admission: Sendable {
    enum Verdict: Equatable {
        /// Open the content; the place is taken, and perhaps another transfer has to end for it.
        case admitted(ticket: UInt64, displaced: Displaced?)
        /// The same client port has a request that is being opened.
        case repeated
        /// The client has as many as it may, and all of them go on.
        case clientLimit
        /// All places are taken by transfers that go on.
        case serverLimit
    }

    /// A transfer that has lost its place.
    struct Displaced: Equatable {
        var client: SocketEndpoint
        /// Which of the transfers that this client port ever had.
        var ticket: UInt64
    }

    fileprivate enum Standing {
        /// There is no transfer yet.
        case none
        /// The first answer is sent.
        case waiting
        /// The client acknowledges.
        case active
        /// The client does so no more.
        case silent
    }

    fileprivate struct Place {
        let ticket: UInt64
        var standing = Standing.none
        /// When it came to stand so, in turns.
        var since: UInt64
        /// Whether a request is being opened. The place is kept meanwhile, whatever becomes of an older transfer.
        var isOpening = true

        var givesWay: Bool { !isOpening && (standing == .waiting || standing == .silent) }
    }

    /// Places in the order in which they came to stand so; those that have moved on are passed over when they are met.
    fileprivate struct Line {
        private var entries: [(client: SocketEndpoint, since: UInt64)] = []
        private var head = 0
        private var limit = 64

        var first: (client: SocketEndpoint, since: UInt64)? { head < entries.count ? entries[head] : nil }

        mutating func removeFirst() { head += 1 }

        mutating func append(
            _ client: SocketEndpoint, since: UInt64, keeping isCurrent: (SocketEndpoint, UInt64) -> Bool
        ) {
            if entries.count >= limit {
                entries = entries[head...].filter { isCurrent($0.client, $0.since) }
                head = 0
                limit = max(64, entries.count * 2)
            }
            entries.append((client, since))
        }
    }

    fileprivate struct State {
        var places: [IPv4Address: [UInt16: Place]] = [:]
        var waiting = Line()
        var silent = Line()
        var count = 0
        var turn: UInt64 = 0
    }

    private let state = Mutex(State())
    private let limit: Int
    private let clientLimit: Int

    init(limit: Int, clientLimit: Int) {
        self.limit = limit
        self.clientLimit = clientLimit
    }

    /// How many places are taken.
    var count: Int { state.withLock { $0.count } }

    /// A request from `client`. One from a port that has a transfer takes that transfer's place.
    func request(from client: SocketEndpoint) -> Verdict {
        state.withLock { state in
            if let place = state.places[client.address]?[client.port] {
                guard !place.isOpening else { return .repeated }
                state.places[client.address]?[client.port]?.isOpening = true
                return .admitted(ticket: place.ticket, displaced: nil)
            }
            var displaced: Displaced?
            if state.places[client.address]?.count ?? 0 >= clientLimit {
                guard let oldest = state.oldest(of: client.address) else { return .clientLimit }
                displaced = state.remove(oldest)
            } else if state.count >= limit {
                guard let oldest = state.oldest(in: \.waiting) ?? state.oldest(in: \.silent) else {
                    return .serverLimit
                }
                displaced = state.remove(oldest)
            }
            state.turn += 1
            state.places[client.address, default: [:]][client.port] = Place(ticket: state.turn, since: state.turn)
            state.count += 1
            return .admitted(ticket: state.turn, displaced: displaced)
        }
    }

    /// The transfer has sent its first answer.
    func waits(_ client: SocketEndpoint, ticket: UInt64) { set(.waiting, client, ticket) }

    /// The client has answered, for the first time or after a silence.
    func answers(_ client: SocketEndpoint, ticket: UInt64) { set(.active, client, ticket) }

    /// Nothing has come from the client for a while.
    func fellSilent(_ client: SocketEndpoint, ticket: UInt64) { set(.silent, client, ticket) }

    /// The request of `client` came to nothing. Its place is free again, unless an older transfer has it.
    func abandon(_ client: SocketEndpoint, ticket: UInt64) {
        state.withLock { state in
            guard state.place(client, ticket) != nil else { return }
            state.places[client.address]?[client.port]?.isOpening = false
            if state.places[client.address]?[client.port]?.standing == Standing.none { _ = state.remove(client) }
        }
    }

    /// The transfer of `client` is over. Its place is kept if the client has asked anew meanwhile.
    func release(_ client: SocketEndpoint, ticket: UInt64) {
        state.withLock { state in
            guard let place = state.place(client, ticket) else { return }
            if place.isOpening {
                state.places[client.address]?[client.port]?.standing = .none
            } else {
                _ = state.remove(client)
            }
        }
    }

    private func set(_ standing: Standing, _ client: SocketEndpoint, _ ticket: UInt64) {
        state.withLock { state in
            guard var place = state.place(client, ticket) else { return }
            state.turn += 1
            place.standing = standing
            place.since = state.turn
            if standing == .waiting { place.isOpening = false }
            state.places[client.address]?[client.port] = place
            let places = state.places
            func isCurrent(_ client: SocketEndpoint, _ since: UInt64) -> Bool {
                places[client.address]?[client.port]?.since == since
            }
            switch standing {
            case .waiting: state.waiting.append(client, since: place.since, keeping: isCurrent)
            case .silent: state.silent.append(client, since: place.since, keeping: isCurrent)
            case .none, .active: break
            }
        }
    }
}

extension Admission.State {
    fileprivate func place(_ client: SocketEndpoint, _ ticket: UInt64) -> Admission.Place? {
        guard let place = places[client.address]?[client.port], place.ticket == ticket else { return nil }
        return place
    }

    fileprivate mutating func remove(_ client: SocketEndpoint) -> Admission.Displaced? {
        guard let place = places[client.address]?.removeValue(forKey: client.port) else { return nil }
        count -= 1
        if places[client.address]?.isEmpty == true { places[client.address] = nil }
        return Admission.Displaced(client: client, ticket: place.ticket)
    }

    /// The first in a line that may be displaced.
    fileprivate mutating func oldest(in line: WritableKeyPath<Self, Admission.Line>) -> SocketEndpoint? {
        while let (client, since) = self[keyPath: line].first {
            if let place = places[client.address]?[client.port], place.since == since, place.givesWay { return client }
            self[keyPath: line].removeFirst()
        }
        return nil
    }

    /// The one of a client's transfers that may be displaced first. There are no more of them than one client may have.
    fileprivate func oldest(of address: IPv4Address) -> SocketEndpoint? {
        let candidates = (places[address] ?? [:]).filter { $0.value.givesWay }
        let oldest = candidates.min {
            ($0.value.standing == .waiting ? 0 : 1, $0.value.since)
                < ($1.value.standing == .waiting ? 0 : 1, $1.value.since)
        }
        return oldest.map { SocketEndpoint(address: address, port: $0.key) }
    }
}
