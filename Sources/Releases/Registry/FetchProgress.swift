import Synchronization

/// How far a fetch of several images at once is.
final class FetchProgress: Sendable {
    private let state = Mutex(ImportProgress(bytesDone: 0, bytesTotal: 0))
    private let report: @Sendable (ImportProgress) -> Void

    init(report: @escaping @Sendable (ImportProgress) -> Void) { self.report = report }

    /// More is to come.
    func expect(_ count: UInt64) { change { $0.bytesTotal &+= count } }

    /// Some of it has come, or was there.
    func add(_ count: UInt64) { change { $0.bytesDone = min($0.bytesTotal, $0.bytesDone &+ count) } }

    /// What has come is void, and comes again.
    func take(back count: UInt64) { change { $0.bytesDone -= min($0.bytesDone, count) } }

    private func change(_ body: (inout sending ImportProgress) -> Void) {
        let now = state.withLock { state in
            body(&state)
            return state
        }
        report(now)
    }
}
