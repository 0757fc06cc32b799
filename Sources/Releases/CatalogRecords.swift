import Compositions
import Digests
import Files
import Stores
import TalosModel
import Trust

/// The records of all imported images, in memory.
struct CatalogRecords: Sendable {
    var bootFiles = RecordTable<TalosVersion, BootFilesRecord>()
    var extensionCatalogs = RecordTable<TalosVersion, ExtensionCatalogRecord>()
    var overlayCatalogs = RecordTable<TalosVersion, OverlayCatalogRecord>()
    var installers = RecordTable<TalosVersion, InstallerRecord>()
    var images = RecordTable<Digest, ImageRecord>()

    /// The kinds of all tables.
    static let kinds = [RecordKind.bootFiles, .extensionCatalogs, .overlayCatalogs, .installers, .images]

    /// Reads again what has changed. An image that the policy refuses counts as not imported.
    ///
    /// - Returns: Whether anything had changed.
    mutating func refresh(from store: EmbeddedStore, _ policy: any TrustPolicy) throws(StoreError) -> Bool {
        func version(_ key: String) -> TalosVersion? { try? TalosVersion(parsing: key) }
        var changed = try bootFiles.refresh(from: store, policy, key: version)
        changed = try extensionCatalogs.refresh(from: store, policy, key: version) || changed
        changed = try overlayCatalogs.refresh(from: store, policy, key: version) || changed
        changed = try installers.refresh(from: store, policy, key: version) || changed
        return try images.refresh(from: store, policy) { Digest(hexadecimal: $0) } || changed
    }

    /// The images that each version's records name.
    var namedImages: [TalosVersion: Set<Digest>] {
        var named: [TalosVersion: Set<Digest>] = [:]
        for (version, record) in bootFiles.records { named[version, default: []].insert(record.provenance.subject) }
        for (version, record) in installers.records { named[version, default: []].insert(record.subject) }
        for (version, record) in extensionCatalogs.records {
            named[version, default: []].insert(record.provenance.subject)
            named[version, default: []].formUnion(record.extensions.map(\.digest))
        }
        for (version, record) in overlayCatalogs.records {
            named[version, default: []].insert(record.provenance.subject)
            named[version, default: []].formUnion(record.overlays.map(\.digest))
        }
        return named
    }

    var problems: [String] {
        bootFiles.problems + extensionCatalogs.problems + overlayCatalogs.problems + installers.problems
            + images.problems
    }
}

/// All records of one kind. A record is read once, and again when its file has changed: an import writes hundreds of them,
/// each of which changes the folder.
struct RecordTable<Key: Hashable & Sendable, Record: ProvenRecord>: Sendable {
    private(set) var records: [Key: Record] = [:]
    private(set) var problems: [String] = []
    /// The records that are there and cannot be read: what they said is not known, and not that there was nothing.
    private(set) var unreadable: Set<Key> = []
    private var entries: [String: Entry] = [:]
    private var generation: RecordGeneration?

    /// What a record's file held.
    private struct Entry: Sendable {
        /// The file's state; nil where even that cannot be seen.
        var identity: FileIdentity?
        /// Whether a later change of the file would show. What the system refuses may be granted the next time, and nothing
        /// shows it.
        var isSettled: Bool
        var content: Content

        enum Content: Sendable {
            case record(Record)
            case unreadable(String)
        }
    }

    private var kind: RecordKind { Record.kind }

    /// - Returns: Whether records or problems are others than before.
    mutating func refresh(
        from store: EmbeddedStore, _ policy: any TrustPolicy, key parse: (String) -> Key?
    ) throws(StoreError) -> Bool {
        // Looked at before the records, so that a change in between is seen the next time.
        let generation = try store.recordGeneration(kind)
        // What the system has refused to read shows no change in its folder when it can be read.
        let isSettled = entries.values.allSatisfy(\.isSettled)
        if let known = self.generation, known == generation, known.isSettled, isSettled { return false }
        guard generation != nil || self.generation != nil else { return false }
        var entries: [String: Entry] = [:]
        var records: [Key: Record] = [:]
        var problems: [String] = []
        var unreadable: Set<Key> = []
        for name in try store.recordKeys(kind) {
            guard let key = parse(name), let entry = try entry(name, in: store) else { continue }
            entries[name] = entry
            switch entry.content {
            case .unreadable(let reason):
                unreadable.insert(key)
                problems.append("the record \(kind.rawValue)/\(name) can't be read; import its image again: \(reason)")
            case .record(let record):
                switch policy.judge(ImageEvidence(record.provenance)) {
                case .trusted: records[key] = record
                case .refused(let reasons):
                    problems.append(
                        "\(kind.rawValue)/\(name) is refused by the policy '\(policy.name)': "
                            + reasons.joined(separator: "; "))
                }
            }
        }
        defer {
            self.records = records
            self.problems = problems
            self.unreadable = unreadable
            self.entries = entries
            self.generation = generation
        }
        return records != self.records || problems != self.problems
    }

    /// What a record's file holds; nil if there is none any more. One file that cannot be read is told of by itself, whatever the
    /// system says of it; what concerns all of them is thrown.
    private func entry(_ name: String, in store: EmbeddedStore) throws(StoreError) -> Entry? {
        var identity: FileIdentity?
        do throws(StoreError) {
            guard let found = try store.recordIdentity(kind, name) else { return nil }
            identity = found
            if let known = entries[name], known.identity == found, known.isSettled { return known }
            let isSettled = found.isSettled
            guard found.isRegular else {
                return Entry(identity: found, isSettled: isSettled, content: .unreadable("it is no file; remove it"))
            }
            guard let bytes = try store.record(kind, name) else { return nil }
            let content: Entry.Content
            do { content = .record(try Record(decodingRecord: bytes)) } catch { content = .unreadable("\(error)") }
            return Entry(identity: found, isSettled: isSettled, content: content)
        } catch {
            switch error.code {
            case .corrupt, .tooLarge:
                return Entry(
                    identity: identity, isSettled: identity?.isSettled ?? false, content: .unreadable(error.message))
            case .inputOutput:
                return Entry(identity: identity, isSettled: false, content: .unreadable(error.message))
            // Whoever may enter the folder can see a file's state; else it is the folder that is closed.
            case .permissionDenied where identity != nil:
                return Entry(identity: identity, isSettled: false, content: .unreadable(error.message))
            default: throw error
            }
        }
    }
}
