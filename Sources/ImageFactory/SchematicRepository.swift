import Schematics
import Workers

/// Where schematics live.
///
/// What is kept of a schematic is found by its ID, whole or not at all: its text hashes to the ID. What blocks is done where the
/// caller says, since a machine that boots must not wait behind what strangers post.
public protocol SchematicRepository: Sendable {
    /// The canonical text of a schematic; nil if there is none of this ID.
    ///
    /// - Throws: ``FactoryError`` with the code `storage`.
    func canonicalText(_ id: SchematicID, on work: any Workplace) async throws -> [UInt8]?

    /// The schematic with an ID; nil if there is none.
    ///
    /// - Throws: ``FactoryError`` with the code `storage`, `busy`, or `schematicLost` for one that is there and cannot be read.
    func schematic(_ id: SchematicID, on work: any Workplace) async throws -> Schematic?

    /// Keeps a schematic, and mends what is kept of it. It is safe when this returns.
    ///
    /// - Throws: ``FactoryError`` with the code `storage` or `busy`.
    func keep(_ schematic: Schematic, on work: any Workplace) async throws
}

extension SchematicRecords: SchematicRepository {
    public func canonicalText(_ id: SchematicID, on work: any Workplace) async throws -> [UInt8]? {
        try await work.run { try canonicalText(id) }
    }

    public func schematic(_ id: SchematicID, on work: any Workplace) async throws -> Schematic? {
        try await work.run { try schematic(id) }
    }

    public func keep(_ schematic: Schematic, on work: any Workplace) async throws {
        try await work.run { try keep(schematic) }
    }
}
