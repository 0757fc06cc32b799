import Compositions
import Digests
import Files
import Glibc

/// Removes the blobs that no record names.
///
/// A newer import replaces a record, and the blobs that the old one named are left; so are those of a process that ended between
/// its blobs and its record. Nothing is removed that was put there a short while ago, nor soon after an import: what had a name
/// until then may be on its way to machines still. It works beside any number of other processes.
public struct StoreCleaner {
    /// What a store holds, and what is in nobody's use.
    public struct Survey: Sendable {
        /// What records name.
        public var references: BlobReferences
        /// All blobs, by digest.
        public var blobs: [Digest: BlobEntry]
        /// The blobs that no record names, in the order of their digests.
        public var unnamed: [BlobEntry]
        /// Those of them that can be removed now.
        public var removable: [BlobEntry]
    }

    /// What has been removed.
    public struct Removal: Hashable, Sendable {
        /// How many blobs.
        public var count = 0
        /// How many bytes they had together.
        public var bytes: UInt64 = 0
    }

    private let store: EmbeddedStore
    private let types: [any StoredRecord.Type]
    private let age: Int

    /// A cleaner.
    ///
    /// - Parameters:
    ///   - types: the types of all records that name blobs.
    ///   - age: how many seconds a blob has been there, and the last import is over, before one is removed.
    public init(_ store: EmbeddedStore, types: [any StoredRecord.Type], age: Int) {
        self.store = store
        self.types = types
        self.age = age
    }

    /// Looks at everything and changes nothing. Blobs are listed and not read.
    ///
    /// - Throws: `StoreError`, with code `unknownReferences` where it cannot be said what records name.
    public func survey() throws(StoreError) -> Survey {
        // Before the records: what is put there later is not in the list.
        let blobs = try store.blobs()
        let references = try BlobReferences(in: store, types)
        let unnamed = blobs.filter { !references.contains($0.digest) }
        let now = time(nil)
        let isQuiet = try hasBeenQuiet(now)
        return Survey(
            references: references, blobs: Dictionary(blobs.map { ($0.digest, $0) }) { first, _ in first },
            unnamed: unnamed, removable: isQuiet ? unnamed.filter { isOld($0.changed, now) } : [])
    }

    /// Removes what a survey has found, as far as that still holds. The others, who write, get their turns meanwhile.
    public func remove(_ survey: Survey) throws(StoreError) -> Removal {
        var removal = Removal()
        var rest = survey.removable[...]
        var references = survey.references
        let session = try store.writableSession()
        while !rest.isEmpty {
            let lock = try ReferenceLock(.alone, in: session)
            let result = Result { () throws(StoreError) in
                if try !references.isCurrent(in: store) { references = try BlobReferences(in: store, types) }
                try remove(&rest, unless: references, &removal)
            }
            lock.release()
            try result.get()
            // They look every ten milliseconds whether the lock is free.
            if !rest.isEmpty { usleep(12_000) }
        }
        if removal.count > 0 { try synchronizeFolder(store.blobFolder) }
        return removal
    }

    /// Removes for a moment.
    private func remove(
        _ rest: inout ArraySlice<BlobEntry>, unless references: BlobReferences, _ removal: inout Removal
    ) throws(StoreError) {
        let end = ContinuousClock.now + .milliseconds(200)
        let now = time(nil)
        guard try hasBeenQuiet(now) else {
            rest = []
            return
        }
        while ContinuousClock.now < end, let blob = rest.popFirst() {
            guard !references.contains(blob.digest), let entry = try store.entry(blob.digest),
                isOld(entry.changed, now)
            else { continue }
            guard try store.removeBlob(blob.digest) else { continue }
            removal.count += 1
            removal.bytes &+= entry.length
        }
    }

    /// Whether something is older than what must stay. What lies ahead of the clock is not.
    private func isOld(_ changed: Int, _ now: Int) -> Bool { changed <= now &- age }

    /// Whether the last import is long enough ago. What is made again changes all the while, and takes no name from anything.
    private func hasBeenQuiet(_ now: Int) throws(StoreError) -> Bool {
        // Where all records of a kind have gone, nothing but this folder shows that they were there a moment ago.
        if let kinds = try FileIdentity(ifPresent: store.root + "/records"), !isOld(kinds.changed.seconds, now) {
            return false
        }
        for type in types where !(type is any DerivedRecord.Type) {
            guard let generation = try store.recordGeneration(type.kind) else { continue }
            if !isOld(generation.changed, now) { return false }
        }
        return true
    }
}
