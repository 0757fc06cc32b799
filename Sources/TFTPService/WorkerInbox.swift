import CLinux
import Glibc
import NetworkTypes
import Synchronization
import TFTP

/// A read request as it came, on its way to be opened.
struct IncomingRequest: Sendable {
    var subject: TFTPSubject
    var request: TFTPRequest
    /// Which of the request sockets it came to.
    var listener: Int
    /// When it came, in nanoseconds.
    var received: UInt64
}

/// A transfer whose content is open.
struct StartingTransfer: Sendable {
    var subject: TFTPSubject
    var request: TFTPRequest
    var listener: Int
    var received: UInt64
    var ticket: UInt64
    var content: TFTPContent
    var terms: Negotiation
}

/// What a thread that moves packets is asked to do from outside, and how it is woken.
final class WorkerInbox: Sendable {
    enum Job: Sendable {
        /// Begin a transfer, in place of an older one of the same client port.
        case start(StartingTransfer)
        /// Send an ERROR.
        case refuse(subject: TFTPSubject, listener: Int, code: TFTPErrorCode, message: String)
        /// End the transfer that has this place, since another one has got it.
        case displace(Admission.Displaced)
    }

    private struct State {
        var jobs: [Job] = []
        var isStopping = false
    }

    /// Readable when there is something to do.
    let wakeup: Int32
    private let state = Mutex(State())

    init() throws(TFTPServerError) {
        wakeup = linux_event_create()
        guard wakeup < 0 else { return }
        throw .resources(errno: -wakeup)
    }

    deinit { if wakeup >= 0 { close(wakeup) } }

    func post(_ job: Job) {
        state.withLock { $0.jobs.append(job) }
        linux_event_signal(wakeup)
    }

    func stop() {
        state.withLock { $0.isStopping = true }
        linux_event_signal(wakeup)
    }

    func take() -> (jobs: [Job], isStopping: Bool) {
        linux_event_drain(wakeup)
        return state.withLock { state in
            defer { state.jobs = [] }
            return (state.jobs, state.isStopping)
        }
    }
}
