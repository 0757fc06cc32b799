import Logging
import Netboot
import Timelines
import Workers

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
        var threads: [OwnThread<Void>] = []
        func start(_ name: String, _ work: @escaping @Sendable () throws -> Void) throws(DHCPServiceError) {
            do throws(ThreadError) {
                let thread = try OwnThread(named: name) {
                    // The first to end ends the others, for half a service would look alive.
                    defer { stop.signal() }
                    try work()
                }
                threads.append(thread)
            } catch {
                throw .system(action: "starting a thread", code: error.code)
            }
        }
        var failure: (any Error)?
        do {
            // The threads run before anybody is told, so that "ready" is true even when every task is busy.
            for server in opening.servers {
                try start("dhcp") { [responder] in try server.run(responder, table, until: stop) }
            }
            let own = opening.servers.count { $0.number == settings.ports.relay }
            if let others = offerListener(own: own) {
                try start("dhcp offers") { [responder] in try others.run(responder, table, until: stop) }
            }
            ready(opening.listeners)
        } catch {
            failure = error
            stop.signal()
        }
        // Also when the task is cancelled: the threads must have let go of their ports.
        await withTaskCancellationHandler {
            for thread in threads {
                do { try await thread.value } catch { failure = failure ?? error }
            }
        } onCancel: {
            stop.signal()
        }
        if let failure { throw failure }
    }

    private func offerListener(own: Int) -> OfferListener? {
        do throws(DHCPServiceError) {
            return try OfferListener(settings.ports, own: own, serves: serves)
        } catch {
            responder.logger.info("other servers' offers are not heard", metadata: ["dhcp.error": "\(error)"])
            return nil
        }
    }
}
