import Schematics
import TalosModel

/// Which asset somebody wants.
public struct AssetOrder: Sendable {
    /// The schematic.
    public var schematic: Schematic
    /// The version.
    public var version: TalosVersion
    /// What to make of them, and for which machine.
    public var path: AssetPath

    /// An order.
    public init(_ path: AssetPath, of schematic: Schematic, version: TalosVersion) {
        self.path = path
        self.schematic = schematic
        self.version = version
    }
}
