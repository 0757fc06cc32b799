import BlockingWork
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
    ///   - remembered: How many schematics, and how many finished compositions, are kept in memory. The default is 4096; each
    ///     takes a few KiB.
    public init(
        store: EmbeddedStore, catalog: ReleaseCatalog, imager: Imager, queue: BuildQueue, logger: Logger,
        remembered: Int = 4096
    ) {
        self.store = store
        self.catalog = catalog
        self.imager = imager
        self.queue = queue
        self.logger = logger
        schematics = RecentlyUsed(capacity: remembered)
        assets = RecentlyUsed(capacity: remembered)
    }
}
