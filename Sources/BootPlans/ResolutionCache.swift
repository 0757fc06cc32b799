import Synchronization
import Timelines

/// Remembers what the machines of a rack have in common: each of them asks for its script when the power comes on.
final class ResolutionCache: Sendable {
    private struct Key: Hashable {
        var choice: BootChoice
        /// The state of all releases.
        var revision: UInt64
    }

    private let entries = Mutex(RecencyMap<Key, BootResolution>(capacity: 256))

    /// The value for a choice among the releases of a revision; `make` makes it where there is none. What has problems is not
    /// remembered, so that a remedy works at once.
    func value(
        for choice: BootChoice, at revision: UInt64, make: () async throws -> BootResolution
    ) async throws -> BootResolution {
        let key = Key(choice: choice, revision: revision)
        if let known = entries.withLock({ $0.peek(key) }) { return known }
        let resolution = try await make()
        guard resolution.problems.isEmpty else { return resolution }
        entries.withLock { entries in entries.update(key, default: resolution) { $0 = resolution } }
        return resolution
    }
}
