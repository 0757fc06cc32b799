import Schematics

/// The schematic of an assignment.
public struct SchematicChoice: Hashable, Sendable {
    /// Its ID.
    public var id: SchematicID
    /// The schematic itself, where the machines file or a file beside it has it; nil where only its ID is given, and a
    /// store must know it.
    public var schematic: Schematic?
    /// The name it has under `schematics`, if it was chosen by one.
    public var name: String?
}
