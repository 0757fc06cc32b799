import Synchronization

/// Calls back once, when every part that listens has said that it does.
final class ApplianceReadiness: Sendable {
    /// A part that listens.
    enum Part: String, Hashable, Sendable {
        case dhcp = "DHCP"
        case tftp = "TFTP"
        case http = "HTTP"
    }

    private let missing: Mutex<Set<Part>>
    private let ready: @Sendable () -> Void

    init(waitingFor parts: Set<Part>, ready: @escaping @Sendable () -> Void) {
        missing = Mutex(parts)
        self.ready = ready
    }

    func report(_ part: Part) {
        let isLast = missing.withLock { missing in missing.remove(part) != nil && missing.isEmpty }
        if isLast { ready() }
    }
}
