import ImageFactory
import Logging
import Stores
import Synchronization
import Timelines
import Workers

extension MachineStates {
    /// Reads the stories that an earlier process kept, and keeps them from then on. Where that cannot be, as in a store that may
    /// only be read, the log says so, and stories end with the process.
    public func openJournal() async {
        guard store.access == .readWrite else { return }
        do {
            let journal = try await journalWork.run { [store, timeline, logger] in
                try MachineJournal(store: store, timeline: timeline, logger: logger)
            }
            self.journal.withLock { $0 = journal }
        } catch {
            logger.warning(
                "machines' stories are not kept, and end with this process", metadata: ["error": "\(error)"])
        }
        await writeJournal()
        await openAwaited()
    }

    /// Writes what happens to the journal now and then, until the task is cancelled.
    public func keepJournal() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: await writeJournal() ? .seconds(1) : .seconds(30)) } catch { return }
        }
    }

    /// Writes what is left to write.
    public func closeJournal() async {
        await catchUp()
        await closeAwaited()
        guard journal.withLock({ $0 }) != nil else { return }
        await writeJournal(everything: true)
        journal.withLock { $0 = nil }
    }

    /// Writes what has changed; false if it could not.
    @discardableResult
    private func writeJournal(everything: Bool = false) async -> Bool {
        guard let journal = journal.withLock({ $0 }) else { return true }
        do {
            try await journalWork.run { try journal.write(everything: everything) }
            return true
        } catch is CancellationError {
            return true
        } catch {
            logger.warning("machines' stories cannot be kept for now", metadata: ["error": "\(error)"])
            return false
        }
    }
}
