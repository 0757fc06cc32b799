import Digests
import Stores
import TalosModel
import Trust

/// The records of all imported images, in memory.
struct CatalogRecords: Sendable {
    var bootFiles = RecordTable<TalosVersion, BootFilesRecord>(.bootFiles)
    var extensionCatalogs = RecordTable<TalosVersion, ExtensionCatalogRecord>(.extensionCatalogs)
    var overlayCatalogs = RecordTable<TalosVersion, OverlayCatalogRecord>(.overlayCatalogs)
    var installers = RecordTable<TalosVersion, InstallerRecord>(.installers)
    var images = RecordTable<Digest, ImageRecord>(.images)

    /// The kinds of all tables.
    static let kinds = [RecordKind.bootFiles, .extensionCatalogs, .overlayCatalogs, .installers, .images]

    /// Reads again what has changed. An image that the policy refuses counts as not imported.
    mutating func refresh(from store: EmbeddedStore, _ policy: any TrustPolicy) throws(StoreError) {
        func version(_ key: String) -> TalosVersion? { try? TalosVersion(parsing: key) }
        try bootFiles.refresh(from: store, policy, key: version)
        try extensionCatalogs.refresh(from: store, policy, key: version)
        try overlayCatalogs.refresh(from: store, policy, key: version)
        try installers.refresh(from: store, policy, key: version)
        try images.refresh(from: store, policy) { Digest(hexadecimal: $0) }
    }

    var problems: [String] {
        bootFiles.problems + extensionCatalogs.problems + overlayCatalogs.problems + installers.problems
            + images.problems
    }
}

/// A record that says where its image came from.
protocol ProvenRecord: Decodable, Sendable {
    var provenance: ImageProvenance { get }
}

extension BootFilesRecord: ProvenRecord {}
extension ExtensionCatalogRecord: ProvenRecord {}
extension OverlayCatalogRecord: ProvenRecord {}
extension InstallerRecord: ProvenRecord {}
extension ImageRecord: ProvenRecord {}

/// All records of one kind.
struct RecordTable<Key: Hashable & Sendable, Record: ProvenRecord>: Sendable {
    let kind: RecordKind
    private(set) var records: [Key: Record] = [:]
    private(set) var problems: [String] = []
    private var generation: RecordGeneration?

    init(_ kind: RecordKind) { self.kind = kind }

    mutating func refresh(
        from store: EmbeddedStore, _ policy: any TrustPolicy, key parse: (String) -> Key?
    ) throws(StoreError) {
        // Looked at before the records, so that a change in between is seen the next time.
        let generation = try store.recordGeneration(kind)
        if let known = self.generation, known == generation, known.isSettled { return }
        guard generation != nil || self.generation != nil else { return }
        var records: [Key: Record] = [:]
        var problems: [String] = []
        for name in try store.recordKeys(kind) {
            guard let key = parse(name), let bytes = try store.record(kind, name) else { continue }
            do {
                let record = try RecordCoding.decode(bytes, as: Record.self)
                switch policy.judge(ImageEvidence(record.provenance)) {
                case .trusted: records[key] = record
                case .refused(let reasons):
                    problems.append(
                        "\(kind.rawValue)/\(name) is refused by the policy '\(policy.name)': "
                            + reasons.joined(separator: "; "))
                }
            } catch {
                problems.append("the record \(kind.rawValue)/\(name) can't be read; import its image again: \(error)")
            }
        }
        self.records = records
        self.problems = problems
        self.generation = generation
    }
}
