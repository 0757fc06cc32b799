import Digests
import FoundationEssentials

/// A record that is kept as JSON, one type for each kind.
public protocol StoredRecord: Codable, Sendable {
    /// What it is a record of.
    static var kind: RecordKind { get }
    /// The blobs that it names.
    var references: [Digest] { get }
    /// The blobs that it names, and those that they name in turn. What no record names can be removed from the store. Of what is
    /// not in the store, or is damaged there, nothing can be reached.
    ///
    /// - Throws: `StoreError` where a blob cannot be read.
    func allReferences(in store: EmbeddedStore) throws(StoreError) -> [Digest]
}

extension StoredRecord {
    public func allReferences(in store: EmbeddedStore) throws(StoreError) -> [Digest] { references }
}

/// A record of something that is made again where it is gone: from images, or by reading files once more.
public protocol DerivedRecord: StoredRecord {}

extension StoredRecord {
    /// Reads a record's file.
    ///
    /// - Throws: `DecodingError`.
    public init(decodingRecord bytes: [UInt8]) throws { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) }

    /// The record as its file holds it.
    func encodedRecord() throws(StoreError) -> [UInt8] {
        let encoder = JSONEncoder()
        // So that equal records are equal files, which people can read too.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(self)) } catch {
            throw StoreError(
                .inputOutput, "a record of \(Self.kind.rawValue) can't be written as JSON: \(error)", cause: error)
        }
    }
}

extension EmbeddedStore {
    /// The record under `key`; nil if there is none. One that cannot be read counts as none: it can be made again.
    public func usableRecord<Record: DerivedRecord>(
        _ key: String, as type: Record.Type = Record.self
    ) throws(StoreError) -> Record? {
        guard let bytes = try record(Record.kind, key) else { return nil }
        return try? Record(decodingRecord: bytes)
    }

    /// Puts `record` in the place of what stood under `key` among those of its kind, as
    /// ``setRecord(_:_:_:)`` does.
    public func setRecord(_ key: String, _ record: some StoredRecord) throws(StoreError) {
        try setRecord(type(of: record).kind, key, record.encodedRecord())
    }
}
