import NetworkTypes
import Synchronization

/// Who has transfers under way: the limits, and requests that came while the first of them is still being opened.
final class Admission: Sendable {
    enum Verdict {
        /// Open the content; the place is taken.
        case admitted
        /// The same client port has a request that is being opened.
        case repeated
        /// The client has as many as it may.
        case clientLimit
        /// All places are taken.
        case serverLimit
    }

    private struct State {
        var ports: [IPv4Address: Set<UInt16>] = [:]
        var opening: Set<SocketEndpoint> = []
        var count = 0
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
            guard !state.opening.contains(client) else { return .repeated }
            if state.ports[client.address]?.contains(client.port) != true {
                guard state.count < limit else { return .serverLimit }
                guard state.ports[client.address]?.count ?? 0 < clientLimit else { return .clientLimit }
                state.ports[client.address, default: []].insert(client.port)
                state.count += 1
            }
            state.opening.insert(client)
            return .admitted
        }
    }

    /// The request of `client` is opened, or refused; said before the worker hears of it, who may release the place.
    func opened(by client: SocketEndpoint) {
        state.withLock { _ = $0.opening.remove(client) }
    }

    /// The transfer of `client` is over. Its place is kept if the client has asked anew meanwhile.
    func release(_ client: SocketEndpoint) {
        state.withLock { state in
            guard !state.opening.contains(client), state.ports[client.address]?.remove(client.port) != nil else {
                return
            }
            state.count -= 1
            if state.ports[client.address]?.isEmpty == true { state.ports[client.address] = nil }
        }
    }
}
