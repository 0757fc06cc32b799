import FolderChanges
import Stores
import Synchronization
import Workers

/// Joins those who want the store looked at: they share the next look that has not begun yet.
final class RefreshRounds: Sendable {
    /// Strangers can make the store be looked at this often, and an import of hundreds of images is taken over in as few steps.
    static let interval = Duration.milliseconds(50)

    private struct State {
        /// The look that has not begun.
        var next: UInt64 = 0
        /// When the last one began.
        var last: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    let flights = SingleFlight<UInt64, CatalogSnapshot>()
    // One at a time. Two places to wait are enough for any number of callers, since they join one look.
    let work = BlockingWork(width: 1, capacity: 8) { _ in
        ReleaseError(.busy, "what has been imported is being looked at already; try again in a moment")
    }

    /// The look that whoever comes now takes part in.
    var next: UInt64 { state.withLock { $0.next } }

    /// When the next look may begin.
    var earliest: ContinuousClock.Instant { state.withLock { $0.last?.advanced(by: Self.interval) ?? .now } }

    /// Notes that a look begins: who comes from now on may have seen an import that it does not see.
    func begin() {
        state.withLock { state in
            state.next &+= 1
            state.last = .now
        }
    }
}

extension ReleaseCatalog {
    /// What is known of all releases after a look at the store that begins now or in an instant. However many ask, looks are
    /// ``RefreshRounds/interval`` apart.
    ///
    /// - Throws: `ReleaseError` if the store can't be read; the snapshot in force stays so. `CancellationError`.
    public func refreshed() async throws -> CatalogSnapshot {
        try await rounds.flights.value(for: rounds.next) { [self] in
            try await Task.sleep(until: rounds.earliest, clock: .continuous)
            return try await rounds.work.run { [self] in
                rounds.begin()
                try refresh()
                return snapshot
            }
        }
    }

    /// Takes over what is imported, by whatever process, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - interval: How often the store is looked at where the kernel reports no changes.
    ///   - report: Called with each look's outcome.
    public func run(
        interval: Duration = .seconds(2),
        _ report: @escaping @Sendable (Result<CatalogSnapshot, ReleaseError>) -> Void = { _ in }
    ) async {
        let watch = FolderWatch(interval: interval)
        let folders = store.recordFolders(CatalogRecords.kinds)
        for await _ in watch.changes {
            // A folder that has been made since, or made anew, is watched from now on; what came into it before is seen now.
            await watch.watch(folders)
            do {
                report(.success(try await refreshed()))
            } catch let error as ReleaseError {
                report(.failure(error))
            } catch {
                return
            }
        }
    }
}
