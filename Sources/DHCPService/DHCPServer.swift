import BootTimeline
import Foundation
import Logging
import Netboot

/// Answers machines that ask to boot, beside the site's DHCP server: a DHCP proxy and PXE boot server (PXE 2.1 §2.2).
///
/// Each socket or captured interface has a thread of its own, because a packet takes microseconds and never waits.
public final class DHCPServer: Sendable {
    /// Something that is listened on.
    public struct Listener: Hashable, Sendable {
        /// The service.
        public var port: ServicePort
        /// The port's number.
        public var number: UInt16
        /// The interface, or nil for all.
        public var interface: String?
        /// Whether frames are captured.
        public var isCapture: Bool
    }

    private let settings: DHCPSettings
    private let responder: Responder

    /// A server that is not yet listening.
    public init(settings: DHCPSettings, observer: any BootObserver, logger: Logger) {
        self.settings = settings
        responder = Responder(settings: settings, observer: observer, logger: logger)
    }

    /// What was done so far.
    public var counters: DHCPCounters { responder.totals }

    /// Listens and answers until the task is cancelled.
    ///
    /// Throws `DHCPServiceError` at once when it cannot listen, and when a socket is lost.
    public func run() async throws { try await run { _ in } }

    /// Listens and answers until the task is cancelled.
    /// - Parameter ready: Called once with what is listened on.
    public func run(ready: @Sendable ([Listener]) -> Void) async throws {
        let interfaces = try NetworkInterface.all()
        let opening = try Opening(settings, interfaces, responder.logger)
        let table = InterfaceTable(interfaces, httpPort: settings.httpPort, loaders: settings.availableLoaders)
        let stop = try StopEvent()
        let (results, finished) = AsyncStream.makeStream(of: Result<Void, any Error>.self)
        // The threads run before anybody is told, so that "ready" is true even when every task is busy.
        for listener in opening.sockets {
            start("dhcp \(listener.number)", finished) { [responder] in try listener.run(responder, table, until: stop)
            }
        }
        for listener in opening.captures {
            start("dhcp \(listener.interface)", finished) { [responder] in listener.run(responder, table, until: stop) }
        }
        ready(opening.listeners)
        let failure: (any Error)? = await withTaskCancellationHandler {
            // A stream ends early when its task is cancelled, but the threads must have let go of their ports.
            await Task.detached { [count = opening.sockets.count + opening.captures.count] in
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
