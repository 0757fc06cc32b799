import Imaging
import Releases
import Stores

extension StoreCleaner {
    /// How many minutes something stays at the least that no record names: far longer than an image is on its way to a machine.
    public static let usualAge = 60

    /// A cleaner that knows all records that there are.
    ///
    /// - Parameter minutes: how many minutes a blob has been there, and the last import is over, before one is removed.
    public init(_ store: EmbeddedStore, minutes: Int) {
        self.init(store, types: ReleaseRecords.types + SegmentRecords.types, age: minutes * 60)
    }
}
