import FolderChanges
import Logging
import Stores
import Synchronization
import Workers

extension MachineStates {
    /// What an operator should look at, a sentence each; empty when all is well.
    public var problems: [String] {
        var problems: [String] = []
        func remedy(_ error: (any Error)?) -> String {
            let isFull = (error as? StoreError)?.code == .diskFull
            return isFull ? "its disk is full, so free some space" : "this server's log says why"
        }
        if let trouble = ledger.trouble {
            let isOne = trouble.count == 1
            let who = isOne ? "a machine with boot: once has" : "\(trouble.count) machines with boot: once have"
            problems.append(
                "\(who) had the image, and the store does not take a note of it: \(remedy(trouble.cause)); it is tried again by "
                    + "itself, and if this daemon ended before, \(isOne ? "the machine" : "these machines") would boot from the "
                    + "network once more")
        }
        if unreadable.withLock({ $0 }) {
            problems.append(
                "what is noted of machines that have booted once cannot be read, and machines with boot: once are refused until it "
                    + "can; this server's log says why")
        }
        if awaitsInMemoryOnly.withLock({ $0 }) {
            problems.append(
                "which machines were told to boot once is not kept, and one that fetches its image from the next daemon boots from "
                    + "the network once more: this server's log says why; it is looked at again at the next start")
        }
        if let failure = awaitedJournal.withLock({ $0 })?.failure {
            problems.append(
                "the store does not take which machines were told to boot once: \(remedy(failure)); it is tried again by itself, "
                    + "and if this daemon ended before, those that are booting now would boot from the network once more"
            )
        }
        return problems
    }

    /// Keeps the notes of machines in step with the store until the task is cancelled: what others change there counts here at once,
    /// and what could not be written is written.
    ///
    /// - Parameter interval: How often it looks where the kernel reports no changes.
    public func keepNotes(interval: Duration = .seconds(10)) async {
        let watch = FolderWatch(interval: interval)
        // By itself, so that no queue of machines that ask delays it.
        let disk = BlockingWork(width: 1, capacity: 1) { _ in CancellationError() }
        for await _ in watch.changes {
            await watch.watch(store.recordFolders([.booted]))
            await catchUp()
            do {
                try await disk.run { [ledger] in try ledger.refresh() }
                unreadable.withLock { $0 = false }
            } catch  where !(error is CancellationError) {
                // What has been read stays in force. Said once, and on /readyz for as long as it lasts.
                let isKnown = unreadable.withLock { known in
                    defer { known = true }
                    return known
                }
                logger.log(
                    level: isKnown ? .debug : .error, "the notes of machines cannot be read",
                    metadata: ["error": "\(error)"])
            } catch { return }
            // A rack that boots makes many notes, and each of them is a change.
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
    }

    /// Tries to write the notes that are not on the disk yet.
    func catchUp() async {
        await keepAwaited()
        guard ledger.isBehind else { return }
        do {
            try await writeNotes()
            logger.notice("what the store did not take of machines before has been noted")
        } catch {
            // It was said when it happened first, and is what `problems` say.
            logger.debug("machines' states still cannot be noted", metadata: ["error": "\(error)"])
        }
    }

    /// Writes the notes that are not on the disk yet, also when whoever waits for it is cancelled: a machine that has its image
    /// closes its connection.
    func writeNotes() async throws {
        try await Task { [storage, ledger] in try await storage.run { try ledger.write() } }.value
    }
}
