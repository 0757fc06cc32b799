import Schematics

/// The schematic of an assignment.
public struct SchematicChoice: Hashable, Sendable {
    /// Its ID.
    public var id: SchematicID
    /// The schematic itself, where the assignment has it or names it; nil where it has only its ID.
    public var schematic: Schematic?
    /// The name it has under `schematics`, if it was chosen by one.
    public var name: String?
    /// The schematic as another place of the file has it.
    private(set) var elsewhere: Schematic?

    init(id: SchematicID, schematic: Schematic? = nil, name: String? = nil) {
        self.id = id
        self.schematic = schematic
        self.name = name
    }

    /// The schematic itself, where the machines file or a file beside it has it, in whatever place; nil where they have only its ID,
    /// and a store must know it.
    public var given: Schematic? { schematic ?? elsewhere }

    /// Looks for the schematic among those that the file has.
    mutating func complete(from found: [SchematicID: Schematic]) { if schematic == nil { elsewhere = found[id] } }
}
