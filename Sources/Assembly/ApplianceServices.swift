import Foundation
import ServiceLifecycle
import Workers

/// A server that runs until its task is cancelled, as a service that ends at shutdown.
struct CancellableService: Service {
    let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws { try await cancelWhenGracefulShutdown { try await body() } }
}

/// The HTTP server, which ends by itself at shutdown, after the requests under way.
struct HTTPService: Service {
    let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws { try await body() }
}

/// Tells the service manager's watchdog that the process is alive, twice as often as it asks for. It does so from a thread of its
/// own: were it to share those that answer requests, a pile of them would end the daemon, and DHCP and TFTP with it, which have
/// threads of their own too.
struct WatchdogService: Service {
    let manager: ServiceManager

    func run() async throws {
        guard let interval = manager.watchdogInterval else {
            try? await gracefulShutdown()
            return
        }
        let seconds = Double(interval.components.seconds) + Double(interval.components.attoseconds) / 1e18
        let end = DispatchSemaphore(value: 0)
        let thread = try OwnThread(named: "watchdog") { [manager] in
            repeat { manager.watchdog() } while end.wait(timeout: .now() + seconds / 2) == .timedOut
        }
        try? await gracefulShutdown()
        end.signal()
        try await thread.value
    }
}
