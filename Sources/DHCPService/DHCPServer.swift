import Foundation
import Logging
import Netboot
import Timelines

/// Answers machines that ask to boot, beside the site's DHCP server: a DHCP proxy and PXE boot server (PXE 2.1 §2.2).
///
/// Each socket has a thread of its own, because a packet takes microseconds and never waits. One more thread listens to what
/// other servers offer.
public final class DHCPServer: Sendable {
    /// Something that is listened on.
    public struct Listener: Hashable, Sendable {
        /// The service.
        public var port: ServicePort
        /// The port's number.
        public var number: UInt16
        /// The interface, or nil for all.
        public var interface: String?
        /// Whether packets are captured, and the port is not held.
        public var isCapture: Bool
    }

    private let settings: DHCPSettings
    private let serves: @Sendable (String) -> Bool
    private let responder: Responder

    /// A server that is not yet listening.
    ///
    /// - Parameters:
    ///   - serves: Whether this host serves a file of this name by TFTP; asked for each message, so it must return at once.
    ///   - verdict: Whether a machine may boot; asked for each message of a machine that wants to, so it must return at once.
    public init(
        settings: DHCPSettings, serves: @escaping @Sendable (String) -> Bool,
        verdict: @escaping @Sendable (BootClient) -> BootVerdict, observer: any BootObserver, logger: Logger
    ) {
        self.settings = settings
        self.serves = serves
        responder = Responder(ports: settings.ports, verdict: verdict, observer: observer, logger: logger)
    }

    /// What was done so far.
    public var counters: DHCPCounters { responder.totals }

    /// What other servers' offers do to this server's machines, as heard within the last hour.
    public var advice: [OfferAdvice] { responder.others.advice(at: .now) }

    /// Listens and answers until the task is cancelled.
    ///
    /// Throws `DHCPServiceError` at once when it cannot listen, and when a socket is lost.
    public func run() async throws { try await run { _ in } }

    /// Listens and answers until the task is cancelled.
    /// - Parameter ready: Called once with what is listened on.
    public func run(ready: @Sendable ([Listener]) -> Void) async throws {
        let interfaces = try NetworkInterface.all()
        let opening = try Opening(settings, interfaces, responder.logger)
        let table = InterfaceTable(interfaces, httpPort: settings.httpPort, serves: serves)
        let stop = try StopEvent()
        let (results, finished) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        // The threads run before anybody is told, so that "ready" is true even when every task is busy.
        for server in opening.servers {
            start("dhcp", finished) { [responder] in try server.run(responder, table, until: stop) }
        }
        var count = opening.servers.count
        do {
            let own = opening.servers.count { $0.number == settings.ports.relay }
            let others = try OfferListener(settings.ports, own: own, serves: serves)
            start("dhcp offers", finished) { [responder] in try others.run(responder, table, until: stop) }
            count += 1
        } catch {
            responder.logger.info("other servers' offers are not heard", metadata: ["dhcp.error": "\(error)"])
        }
        ready(opening.listeners)
        let failure: (any Error)? = await withTaskCancellationHandler {
            // A stream ends early when its task is cancelled, but the threads must have let go of their ports.
            await Task.detached { [count] in
                var failure: (any Error)?
                var running = count
                for await result in results {
                    if case .failure(let error) = result { failure = failure ?? error }
                    // The first to end ends the others, for half a service would look alive.
                    stop.signal()
                    running -= 1
                    if running == 0 { break }
                }
                return failure
            }.value
        } onCancel: {
            stop.signal()
        }
        if let failure { throw failure }
    }
}

/// Runs blocking work on a thread of its own.
private func start(
    _ name: String, _ finished: AsyncStream<Result<Void, any Error>>.Continuation,
    _ work: @escaping @Sendable () throws -> Void
) {
    let thread = Thread { finished.yield(Result { try work() }) }
    thread.name = name
    thread.start()
}
