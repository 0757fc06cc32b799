import Stores

/// A state of everything that has been imported. Equal states have equal releases.
public struct ReleaseGeneration: Hashable, Sendable {
    private let records: [RecordGeneration?]

    init(_ records: [RecordGeneration?]) { self.records = records }

    /// Whether the last import is long enough ago that a later one would show; until then nothing should be remembered by
    /// this state.
    public var isSettled: Bool { records.allSatisfy { $0?.isSettled ?? true } }
}

extension ReleaseCatalog {
    /// The state of the store as it is now. Takes a look at a few folders, and reads nothing.
    public func generation() throws(ReleaseError) -> ReleaseGeneration {
        do throws(StoreError) {
            var records: [RecordGeneration?] = []
            for kind in CatalogRecords.kinds {
                records.append(try store.recordGeneration(kind))
            }
            return ReleaseGeneration(records)
        } catch {
            throw ReleaseError(error)
        }
    }
}
