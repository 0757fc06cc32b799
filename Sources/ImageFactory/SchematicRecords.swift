import Digests
import Schematics
import Stores

/// The schematics in a store on this host.
///
/// What is kept is the canonical text, whose hash is the ID. That text is what clients get, and it is whole when its hash is the
/// ID. Its meaning is another matter: where it cannot be read again, what was posted is kept beside it and read in its place, so
/// that images are the same before and after a restart.
public struct SchematicRecords: Sendable {
    private let store: EmbeddedStore

    /// The schematics in `store`.
    public init(store: EmbeddedStore) { self.store = store }

    /// The canonical text of a schematic; nil if there is none of this ID. Blocks.
    public func canonicalText(_ id: SchematicID) throws(FactoryError) -> [UInt8]? {
        guard let text = try record(.schematics, id) else { return nil }
        guard Digest.of(text) == id.digest else {
            throw FactoryError(.storage, "the schematic \(id) has been altered in the store; post it again")
        }
        return text
    }

    /// The schematic with an ID; nil if there is none. Blocks.
    public func schematic(_ id: SchematicID) throws(FactoryError) -> Schematic? {
        guard let text = try canonicalText(id) else { return nil }
        var decoded = try decoded(text, id)
        if decoded == nil { decoded = try decodedPosted(id) }
        guard let schematic = decoded else {
            throw FactoryError(
                .schematicLost,
                "the schematic \(id) cannot be read from its canonical form, and what was posted has not been kept: "
                    + "post the same schematic once more, and it has this ID again")
        }
        guard schematic.owner.isEmpty else {
            throw FactoryError(.invalidRequest, "the schematic \(id): \(SchematicError.ownerNotSupported)")
        }
        return schematic
    }

    /// Keeps a schematic, and mends what is kept of it. Blocks until it is on the disk. A store that is only looked at stays as
    /// it is.
    public func keep(_ schematic: Schematic) throws(FactoryError) {
        guard store.access == .readWrite else { return }
        let id = schematic.id
        // Before the canonical text, so that a schematic that is there can be read.
        if try decoded(schematic.canonicalText, id) == nil, try decodedPosted(id) == nil {
            try write(.postedSchematics, id, schematic.source)
        }
        if try record(.schematics, id).map(Digest.of) != id.digest {
            try write(.schematics, id, schematic.canonicalText)
        }
    }

    /// What a text says, if that is the schematic with this ID.
    private func decoded(_ text: [UInt8], _ id: SchematicID) throws(FactoryError) -> Schematic? {
        do throws(SchematicError) {
            let schematic = try Schematic(decoding: text, permitsOwner: true)
            return schematic.id == id ? schematic : nil
        } catch {
            // Nothing is known of the text then.
            if error.isTemporary { throw FactoryError(.busy, error.description) }
            return nil
        }
    }

    private func decodedPosted(_ id: SchematicID) throws(FactoryError) -> Schematic? {
        guard let body = try record(.postedSchematics, id) else { return nil }
        return try decoded(body, id)
    }

    private func record(_ kind: RecordKind, _ id: SchematicID) throws(FactoryError) -> [UInt8]? {
        do throws(StoreError) { return try store.record(kind, id.description) } catch {
            throw FactoryError(.storage, "the schematic \(id) cannot be read from the store", cause: error)
        }
    }

    private func write(_ kind: RecordKind, _ id: SchematicID, _ text: [UInt8]) throws(FactoryError) {
        do throws(StoreError) { try store.setRecord(kind, id.description, text) } catch {
            throw FactoryError(.storage, "the schematic \(id) cannot be written to the store", cause: error)
        }
    }
}
