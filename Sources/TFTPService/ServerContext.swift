import Logging
import NetworkTypes
import Synchronization
import TFTP

/// What all threads of a server share.
final class ServerContext: Sendable {
    let settings: TFTPServer.Settings
    let admission: Admission
    let logger: Logger
    let observer: @Sendable (TFTPEvent) -> Void
    private let budget = LogBudget()
    private let totals = Mutex(TFTPCounters())

    init(settings: TFTPServer.Settings, logger: Logger, observer: @escaping @Sendable (TFTPEvent) -> Void) {
        self.settings = settings
        self.logger = logger
        self.observer = observer
        admission = Admission(limit: settings.maximumTransfers, clientLimit: settings.maximumTransfersPerClient)
    }

    /// The totals of now.
    var counters: TFTPCounters {
        var counters = totals.withLock { $0 }
        counters.active = admission.count
        return counters
    }

    /// Adds what one thread has counted for itself.
    func add(_ counters: TFTPCounters) {
        totals.withLock { totals in
            totals.strays += counters.strays
            totals.blocks += counters.blocks
            totals.bytes += counters.bytes
            totals.retransmissions += counters.retransmissions
        }
    }

    /// Counts, logs and hands on an event.
    func record(_ event: TFTPEvent) {
        totals.withLock { totals in
            switch event {
            case .requested: totals.requests += 1
            case .started: totals.started += 1
            case .finished: totals.finished += 1
            case .declined: totals.declined += 1
            case .failed: totals.failed += 1
            case .refused: totals.refused += 1
            }
        }
        log(event)
        observer(event)
    }

    /// Logs what anybody can cause, within limits.
    func log(_ level: Logger.Level, _ message: Logger.Message, _ subject: TFTPSubject, _ facts: Logger.Metadata) {
        guard logger.logLevel <= level, let omitted = budget.take() else { return }
        var metadata = subject.metadata.merging(facts) { $1 }
        if omitted > 0 { metadata["tftp.unlogged"] = "\(omitted)" }
        logger.log(level: level, message, metadata: metadata)
    }

    private func log(_ event: TFTPEvent) {
        switch event {
        case .requested(let subject): logger.debug("file requested", metadata: subject.metadata)
        case .started(let subject, let length):
            logger.debug("transfer started", metadata: subject.metadata.merging(["tftp.bytes": "\(length)"]) { $1 })
        case .finished(let subject, let length, let duration, let retransmissions):
            log(
                .info, "file sent", subject,
                [
                    "tftp.bytes": "\(length)", "tftp.duration": "\(duration)",
                    "tftp.retransmissions": "\(retransmissions)",
                ])
        case .declined(let subject): logger.debug("client looked at the size", metadata: subject.metadata)
        case .failed(let subject, let reason):
            log(.info, "transfer failed", subject, ["tftp.reason": "\(reason)"])
        case .refused(let subject, let code, let reason):
            logger.debug(
                "request refused",
                metadata: subject.metadata.merging(["tftp.code": "\(code)", "tftp.reason": "\(reason)"]) { $1 })
        }
    }
}

extension TFTPSubject {
    var metadata: Logger.Metadata {
        ["tftp.file": "\(name)", "tftp.client": "\(client)", "tftp.server": "\(server)"]
    }
}
