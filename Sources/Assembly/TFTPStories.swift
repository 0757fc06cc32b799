import Synchronization
import TFTPService
import Timelines
import Workers

/// Puts what TFTP tells on the machines' timelines, on a thread of its own: to find out whose an address is takes a look into
/// the kernel, and the threads that tell are those that answer everybody.
final class TFTPStories: Sendable {
    private struct Backlog {
        var events: [TFTPEvent] = []
        var isWorkedOff = false
    }

    /// How many events may wait; of more, the oldest are left out.
    private static let capacity = 1024
    private let backlog = Mutex(Backlog())
    private let work = BlockingWork(width: 1, capacity: 1) { _ in CancellationError() }
    private let observer: any BootObserver

    init(observer: any BootObserver) { self.observer = observer }

    /// Takes an event. Never waits.
    func tell(_ event: TFTPEvent) {
        switch event {
        case .requested, .started: return
        case .finished, .failed, .refused, .declined: break
        }
        let isIdle = backlog.withLock { backlog in
            if backlog.events.count >= Self.capacity { backlog.events.removeFirst(Self.capacity / 4) }
            backlog.events.append(event)
            defer { backlog.isWorkedOff = true }
            return !backlog.isWorkedOff
        }
        // Only who finds it idle comes here, so it is never refused.
        if isIdle { Task { try? await work.run { self.workOff() } } }
    }

    private func workOff() {
        while true {
            let events = backlog.withLock { backlog in
                defer { backlog.events = [] }
                backlog.isWorkedOff = !backlog.events.isEmpty
                return backlog.events
            }
            if events.isEmpty { return }
            for event in events { event.record(with: observer) }
        }
    }
}
