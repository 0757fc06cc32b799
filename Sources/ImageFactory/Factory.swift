import Compositions
import Glibc
import Imaging
import Logging
import Releases
import Schematics
import Stores
import TalosModel
import Workers

/// The Image Factory itself: schematics in, assets out. It plans, joins equal requests, bounds what is built, and remembers;
/// what the bytes are is Imaging's business, and how they travel is the frontends'.
public final class Factory: Sendable {
    /// Which asset, of which state of its release. Of a request's own text nothing is kept.
    public struct AssetKey: Hashable, Sendable {
        /// The schematic.
        public var schematic: SchematicID
        /// The version.
        public var version: TalosVersion
        /// Which of its assets.
        public var path: AssetPath
        /// The state of the release, as this process counts them.
        public var revision: UInt64
    }

    let store: EmbeddedStore
    let catalog: ReleaseCatalog
    let imager: Imager
    let queue: BuildQueue
    let logger: Logger
    /// For looks into folders and small records, which take no time unless the disk is slow.
    let storage = BlockingWork(width: 8, capacity: 4096, refusal: Factory.busy)
    /// For what is read and computed for one request: files that are hashed at their first use, texts as long as a
    /// schematic may be.
    let plans = BlockingWork(width: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))), capacity: 256, refusal: Factory.busy)
    /// For schematics that are posted. Their authors choose how long that takes, so they wait for one another and hold up
    /// nobody else.
    let decoding = BlockingWork(width: 2, capacity: 64, refusal: Factory.busy)
    /// Where schematics live.
    let repository: any SchematicRepository
    /// Where finished assets live besides; nil where they are only made.
    let finished: (any FinishedAssets)?
    /// When this process began to make assets, in seconds since 1970: the age of those that are not in any file.
    let started = Int64(time(nil))
    let schematics: RecentlyUsed<SchematicID, Schematic>
    let assets: RecentlyUsed<AssetKey, Asset>
    /// What is being built.
    let parts = SingleFlight<PartKey, any Sendable>()

    /// A factory over a store.
    ///
    /// - Parameters:
    ///   - repository: Where schematics live.
    ///   - finished: Where finished assets live besides being made here; nil where nowhere.
    ///   - queue: Where builds run.
    ///   - remembered: How many bytes of schematics, and how many of finished compositions, are kept in memory. The default
    ///     is 16 MiB of each, thousands of either.
    public init(
        store: EmbeddedStore, repository: any SchematicRepository, finished: (any FinishedAssets)? = nil,
        catalog: ReleaseCatalog, imager: Imager,
        queue: BuildQueue, logger: Logger,
        remembered: Int = 16 << 20
    ) {
        self.store = store
        self.catalog = catalog
        self.imager = imager
        self.queue = queue
        self.logger = logger
        self.repository = repository
        self.finished = finished
        schematics = RecentlyUsed(budget: remembered) { $0.canonicalText.count * 2 + $0.source.count + 1024 }
        assets = RecentlyUsed(budget: remembered) { asset in
            asset.composition?.segments.reduce(1024) { $0 + $1.memory } ?? 1024
        }
    }
}

extension Factory {
    /// What one too many is told.
    @Sendable fileprivate static func busy(_ load: BlockingWork.Load) -> any Error {
        FactoryError(
            .busy, "\(load.running) requests are being worked on and \(load.waiting) are waiting; try again in a moment"
        )
    }
}

extension Segment {
    /// About how many bytes of memory it takes.
    fileprivate var memory: Int {
        switch self {
        case .bytes(let bytes): bytes.count + 128
        case .file: 256
        case .zeros: 64
        }
    }
}
