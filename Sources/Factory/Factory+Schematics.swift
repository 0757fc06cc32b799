import BlockingWork
import Schematics
import Stores

extension RecordKind {
    /// Schematics in canonical form, by ID.
    static let schematics = RecordKind(rawValue: "schematics")
}

extension Factory {
    /// Keeps a schematic, and gives it with its ID. Keeping one that is known already changes nothing.
    ///
    /// - Throws: ``FactoryError`` with the code `invalidSchematic` and Image Factory's own text.
    public func create(_ body: [UInt8]) async throws -> Schematic {
        let schematic: Schematic
        do { schematic = try Schematic(decoding: body) } catch {
            throw FactoryError(.invalidSchematic, error.description)
        }
        return try await keep(schematic)
    }

    /// Keeps a schematic, so that its assets can be asked for by its ID.
    @discardableResult
    public func keep(_ schematic: Schematic) async throws -> Schematic {
        if schematics[schematic.id] != nil { return schematic }
        // A command that only looks has no business writing, and what it holds in memory is enough for it.
        if store.access == .readWrite { try await write(schematic) }
        schematics[schematic.id] = schematic
        return schematic
    }

    private func write(_ schematic: Schematic) async throws {
        try await storage.run { [store] in
            do throws(StoreError) {
                if try store.record(.schematics, schematic.id.description) == nil {
                    try store.setRecord(.schematics, schematic.id.description, schematic.canonicalText)
                }
            } catch {
                throw FactoryError(.storage, "the schematic cannot be kept: \(error)")
            }
        }
    }

    /// The schematic with an ID.
    ///
    /// - Throws: ``FactoryError`` with the code `schematicNotFound` for an unknown ID and for what is no ID at all.
    public func schematic(_ text: String) async throws -> Schematic {
        guard let id = SchematicID(parsing: text) else { throw Self.unknownSchematic(text) }
        return try await schematic(id)
    }

    /// The schematic with an ID.
    public func schematic(_ id: SchematicID) async throws -> Schematic {
        if let schematic = schematics[id] { return schematic }
        let schematic = try await storage.run { [store] () -> Schematic? in
            let stored: [UInt8]?
            do throws(StoreError) { stored = try store.record(.schematics, id.description) } catch {
                throw FactoryError(.storage, "the schematic \(id) cannot be read: \(error)")
            }
            guard let text = stored else { return nil }
            guard let schematic = try? Schematic(decoding: text), schematic.id == id else {
                throw FactoryError(
                    .storage,
                    "the schematic \(id) in \(store.root) has been altered; remove the record and post it again")
            }
            return schematic
        }
        guard let schematic else { throw Self.unknownSchematic(id.description) }
        schematics[id] = schematic
        return schematic
    }

    private static func unknownSchematic(_ id: String) -> FactoryError {
        FactoryError(.schematicNotFound, "schematic ID \"\(id.prefix(256))\" not found")
    }
}
