import Synchronization
import Timelines

/// Remembers what the machines of a rack have in common: each of them asks for its script when the power comes on.
final class ResolutionCache: Sendable {
    private struct Key: Hashable {
        var choice: BootChoice
        /// Whether the machines file has the schematic, and not only its ID. Another file may have no more than that, and what has
        /// not been told to a machine has not been kept.
        var isGiven: Bool
        /// The state of all releases.
        var revision: UInt64
    }

    private let entries = Mutex(RecencyMap<Key, BootResolution>(capacity: 256))

    /// The value for a choice among the releases of a revision; `make` makes it where there is none. What has problems is not
    /// remembered, so that a remedy works at once.
    ///
    /// - Parameter isGiven: Whether the machines file has the schematic.
    func value(
        for choice: BootChoice, isGiven: Bool, at revision: UInt64, make: () async throws -> BootResolution
    ) async throws -> BootResolution {
        let key = Key(choice: choice, isGiven: isGiven, revision: revision)
        if let known = entries.withLock({ $0.peek(key) }) { return known }
        let resolution = try await make()
        guard resolution.problems.isEmpty else { return resolution }
        entries.withLock { entries in entries.update(key, default: resolution) { $0 = resolution } }
        return resolution
    }
}
