import BootTimeline
import Synchronization

/// Remembers for a moment what the machines of a rack have in common: each of them asks for its script when the power comes on.
final class ResolutionCache: Sendable {
    private struct Entry {
        var resolution: BootResolution
        var made: ContinuousClock.Instant
    }

    /// An import takes effect after this time at the latest.
    private static let lifetime = Duration.seconds(1)
    private let entries = Mutex(RecencyMap<BootChoice, Entry>(capacity: 256))

    /// The value for a choice; `make` makes it where there is none that is young enough. What has problems is not remembered, so
    /// that a remedy works at once.
    func value(for choice: BootChoice, make: () async throws -> BootResolution) async throws -> BootResolution {
        let known = entries.withLock { $0.peek(choice) }
        if let known, .now - known.made < Self.lifetime { return known.resolution }
        let made = ContinuousClock.now
        let entry = Entry(resolution: try await make(), made: made)
        guard entry.resolution.problems.isEmpty else { return entry.resolution }
        entries.withLock { entries in entries.update(choice, default: entry) { $0 = entry } }
        return entry.resolution
    }
}
