import ImageFactory
import Logging
import Synchronization
import Workers

extension MachineStates {
    /// Awaits what an earlier process awaited, and keeps it from then on.
    func openAwaited() async {
        do {
            let journal = try await awaitedWork.run { [store, awaited, logger] in
                let journal = try AwaitedJournal(store: store, awaited: awaited, logger: logger)
                do { try journal.write(everything: true) } catch {
                    logger.warning(
                        "which machines were told to boot once cannot be kept for now; it is tried again",
                        metadata: ["error": "\(error)"])
                }
                return journal
            }
            awaitedJournal.withLock { $0 = journal }
        } catch {
            awaitsInMemoryOnly.withLock { $0 = true }
            logger.warning(
                "which machines were told to boot once is not kept: one that fetches its image from the next process boots twice",
                metadata: ["error": "\(error)"])
        }
    }

    /// Writes what has changed in what is awaited. A machine that is told to boot waits for it, and boots also where it cannot be
    /// written.
    func keepAwaited() async {
        guard let journal = awaitedJournal.withLock({ $0 }), journal.isBehind else { return }
        let before = journal.failure != nil
        do {
            try await awaitedWork.run { if journal.isBehind { try journal.write() } }
            if before { logger.notice("which machines were told to boot once is kept again") }
        } catch is CancellationError {
            // It is written with the next one, or in some seconds.
            return
        } catch {
            if before { return }
            logger.warning(
                "which machines were told to boot once cannot be kept for now; it is tried again",
                metadata: ["error": "\(error)"])
        }
    }

    /// Writes what is left to write, and leaves the journal to others.
    func closeAwaited() async {
        await keepAwaited()
        awaitedJournal.withLock { $0 = nil }
    }
}
