import Synchronization

/// Calls back once, when every part that listens has said that it does.
final class ApplianceReadiness: Sendable {
    /// A part that listens.
    enum Part: String, Hashable, Sendable {
        case dhcp = "DHCP"
        case tftp = "TFTP"
        case http = "HTTP"
    }

    private struct State {
        var missing: Set<Part>
        var ports: [Part: Int] = [:]
    }

    private let state: Mutex<State>
    private let ready: @Sendable ([Part: Int]) -> Void

    /// - Parameter ready: Called with the ports that were told.
    init(waitingFor parts: Set<Part>, ready: @escaping @Sendable ([Part: Int]) -> Void) {
        state = Mutex(State(missing: parts))
        self.ready = ready
    }

    /// A part listens, on `port` if it may be another than was asked for.
    func report(_ part: Part, port: Int? = nil) {
        let ports: [Part: Int]? = state.withLock { state in
            state.ports[part] = port
            return state.missing.remove(part) != nil && state.missing.isEmpty ? state.ports : nil
        }
        if let ports { ready(ports) }
    }
}
