import BlockingWork
import Compositions
import Glibc
import Imaging
import Logging
import Releases
import Schematics
import Stores
import TalosModel

/// The Image Factory itself: schematics in, assets out. It plans, joins equal requests, bounds what is built, and remembers;
/// what the bytes are is Imaging's business, and how they travel is the frontends'.
public final class Factory: Sendable {
    /// Which asset, as it was asked for, of which state of the store.
    struct AssetKey: Hashable, Sendable {
        var schematic: String
        var version: String
        var path: String
        var generation: ReleaseGeneration
    }

    let store: EmbeddedStore
    let catalog: ReleaseCatalog
    let imager: Imager
    let queue: BuildQueue
    let logger: Logger
    let storage = BlockingWork("storage")
    /// When this process began to make assets, in seconds since 1970: the age of those that are not in any file.
    let started = Int64(time(nil))
    let schematics: RecentlyUsed<SchematicID, Schematic>
    let assets: RecentlyUsed<AssetKey, Asset>
    let segments = SingleFlight<String, ExtensionSegment>()
    let modules = SingleFlight<String, ModuleSegment?>()

    /// A factory over a store.
    ///
    /// - Parameters:
    ///   - queue: Where builds run.
    ///   - remembered: How many bytes of schematics, and how many of finished compositions, are kept in memory. The default
    ///     is 16 MiB of each, thousands of either.
    public init(
        store: EmbeddedStore, catalog: ReleaseCatalog, imager: Imager, queue: BuildQueue, logger: Logger,
        remembered: Int = 16 << 20
    ) {
        self.store = store
        self.catalog = catalog
        self.imager = imager
        self.queue = queue
        self.logger = logger
        schematics = RecentlyUsed(budget: remembered) { $0.canonicalText.count * 2 + 1024 }
        assets = RecentlyUsed(budget: remembered) { $0.composition.segments.reduce(1024) { $0 + $1.memory } }
    }
}

extension Segment {
    /// About how many bytes of memory it takes.
    fileprivate var memory: Int {
        switch self {
        case .bytes(let bytes): bytes.count + 128
        case .file: 256
        }
    }
}
