import Glibc

/// Tells systemd how the daemon is, over the datagram socket that `NOTIFY_SOCKET` names (sd_notify(3)). Without one, says
/// nothing.
public struct ServiceManager: Sendable {
    private let socketPath: String?
    /// How often the watchdog must hear from us, if it runs (`WATCHDOG_USEC`).
    public let watchdogInterval: Duration?

    /// The service manager that started this process.
    public init() {
        socketPath = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
        let ours = getenv("WATCHDOG_PID").map { String(cString: $0) == String(getpid()) } ?? true
        watchdogInterval = getenv("WATCHDOG_USEC").flatMap { Int64(String(cString: $0)) }
            .flatMap { ours && $0 > 0 ? .microseconds($0) : nil }
    }

    init(socketPath: String?, watchdogInterval: Duration? = nil) {
        self.socketPath = socketPath
        self.watchdogInterval = watchdogInterval
    }

    /// Everything listens.
    public func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

    /// Shutting down.
    public func stopping() { send("STOPPING=1") }

    /// Still alive.
    public func watchdog() { send("WATCHDOG=1") }

    private func send(_ message: String) {
        guard let socketPath, let first = socketPath.utf8.first else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // An abstract socket's name begins with NUL, which the environment spells `@`.
        if first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + path.count } ?? 0)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = sendto(descriptor, bytes, bytes.count, 0, pointer, length)
            }
        }
    }
}
