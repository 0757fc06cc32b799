import Logging
import Stores

extension MachineStates {
    /// What an operator should look at, a sentence each; empty when all is well.
    public var problems: [String] {
        guard let trouble = ledger.trouble else { return [] }
        let isOne = trouble.count == 1
        let who = isOne ? "a machine with boot: once has" : "\(trouble.count) machines with boot: once have"
        let isFull = (trouble.cause as? StoreError)?.code == .diskFull
        let remedy = isFull ? "its disk is full, so free some space" : "this server's log says why"
        return [
            "\(who) had the image, and the store does not take a note of it: \(remedy); it is tried again by itself, and if this "
                + "daemon ended before, \(isOne ? "the machine" : "these machines") would boot from the network once more"
        ]
    }

    /// Writes what could not be written of machines' states when it happened, every now and then, until the task is cancelled.
    public func keepNotes(interval: Duration = .seconds(10)) async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: interval) } catch { return }
            await catchUp()
        }
    }

    /// Tries to write the notes that are not on the disk yet.
    func catchUp() async {
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
