import BootTimeline
import Schematics
import Synchronization
import TalosModel

/// What decides which release a machine gets and which command line, apart from its own arguments.
struct ResolutionKey: Hashable, Sendable {
    var schematic: SchematicID
    var version: VersionSelector
    var platform: String
    var architecture: Architecture
}

/// The release that a machine gets, and the command line that release and schematic give.
struct Resolution: Sendable {
    let version: TalosVersion
    let commandLine: KernelCommandLine
    /// What release and schematic are called.
    let names: BootNames
    /// The command line as text, for the many machines that add nothing to it.
    let text: String

    init(version: TalosVersion, names: BootNames, commandLine: KernelCommandLine) {
        self.version = version
        self.names = names
        self.commandLine = commandLine
        text = commandLine.description
    }
}

/// Remembers for a moment what the machines of a rack, which share a few schematics, have in common: each of them asks for its
/// script when the power comes on.
final class ResolutionCache: Sendable {
    private struct Entry {
        var resolution: Resolution
        var made: ContinuousClock.Instant
    }

    /// An import takes effect after this time at the latest.
    private static let lifetime = Duration.seconds(1)
    private let entries = Mutex(RecencyMap<ResolutionKey, Entry>(capacity: 256))

    /// The value for a key; `make` makes it where there is none that is young enough. What fails is not remembered.
    func value(for key: ResolutionKey, make: () async throws -> Resolution) async throws -> Resolution {
        let known = entries.withLock { $0.peek(key) }
        if let known, .now - known.made < Self.lifetime { return known.resolution }
        let made = ContinuousClock.now
        let entry = Entry(resolution: try await make(), made: made)
        entries.withLock { entries in entries.update(key, default: entry) { $0 = entry } }
        return entry.resolution
    }
}
