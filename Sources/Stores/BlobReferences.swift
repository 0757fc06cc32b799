import Compositions
import Digests

/// Which blobs the records of a store name.
///
/// What nobody can say counts as everything: a record that cannot be read, or a kind that only a later program knows, may
/// name any blob, and then nothing is known to be without a name.
public struct BlobReferences: Sendable {
    /// What the records of one kind are, and name.
    public struct Usage: Sendable {
        /// How many records there are.
        public internal(set) var records = 0
        /// The blobs that they name, in the store or not.
        public internal(set) var blobs: Set<Digest> = []
    }

    /// The kinds of which the store has records.
    public private(set) var kinds: [RecordKind: Usage] = [:]
    /// The state of the records that this was made of.
    private let state: State

    private struct State: Equatable, Sendable {
        var generations: [RecordKind: RecordGeneration]
        var isSettled: Bool { generations.values.allSatisfy(\.isSettled) }
    }

    /// Reads all records.
    ///
    /// - Parameter types: the types of all records that name blobs.
    /// - Throws: `StoreError`, with code `unknownReferences` where a record cannot be read or is of no kind that is known.
    public init(in store: EmbeddedStore, _ types: [any StoredRecord.Type]) throws(StoreError) {
        // Looked at before the records, so that a change in between shows.
        state = try Self.state(of: store)
        for kind in state.generations.keys {
            let keys = try store.recordKeys(kind)
            var usage = Usage(records: keys.count)
            if let type = types.first(where: { $0.kind == kind }) {
                for key in keys { usage.blobs.formUnion(try Self.references(type, key, in: store)) }
            } else if !RecordKind.withoutBlobs.contains(kind), try !store.hasNothing(of: kind) {
                throw StoreError(
                    .unknownReferences,
                    "\(store.root)/records/\(kind.rawValue) is of a kind that this version does not know, and may name any blob; "
                        + "use the version that wrote it")
            }
            kinds[kind] = usage
        }
        // A folder that is not mounted, or has been moved away, looks like this too.
        let hasImports = types.contains { type in
            !(type is any DerivedRecord.Type) && (kinds[type.kind]?.records ?? 0) > 0
        }
        let isEmpty = try namesInFolder(store.blobFolder).isEmpty
        let wereRemoved = (kinds[.removals]?.records ?? 0) > 0
        guard hasImports || isEmpty || wereRemoved else {
            throw StoreError(
                .unknownReferences,
                "\(store.root) has content, and not one record of an image that was imported, so nothing says what is needed; bring "
                    + "\(store.root)/records back, or import a release")
        }
    }

    /// Whether a record names a blob.
    public func contains(_ digest: Digest) -> Bool { kinds.values.contains { $0.blobs.contains(digest) } }

    /// Whether the records are those that were read, as far as can be told.
    func isCurrent(in store: EmbeddedStore) throws(StoreError) -> Bool {
        state.isSettled ? try Self.state(of: store) == state : false
    }

    private static func state(of store: EmbeddedStore) throws(StoreError) -> State {
        var generations: [RecordKind: RecordGeneration] = [:]
        for name in try namesInFolder(store.root + "/records") {
            let kind = RecordKind(rawValue: name)
            generations[kind] = try store.recordGeneration(kind)
        }
        return State(generations: generations)
    }

    private static func references<Record: StoredRecord>(
        _ type: Record.Type, _ key: String, in store: EmbeddedStore
    ) throws(StoreError) -> [Digest] {
        let isDerived = type is any DerivedRecord.Type
        let record: Record
        do {
            // One that is gone by now named something that nobody else may name any more.
            guard let bytes = try store.record(Record.kind, key) else { return [] }
            record = try Record(decodingRecord: bytes)
        } catch let error as StoreError where ![.corrupt, .tooLarge].contains(error.code) {
            throw error
        } catch {
            // What is made again is found by nobody while its record cannot be read.
            if isDerived { return [] }
            throw StoreError(
                .unknownReferences,
                "the record \(Record.kind.rawValue)/\(key) can't be read, and may name any blob; import its image again, or remove \(store.root)/records/\(Record.kind.rawValue)/\(key) if no image is "
                    + "known by that name: \(error)",
                cause: error
            )
        }
        return try record.allReferences(in: store)
    }
}
