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
    /// The name that it is saved under, which its checksum repeats.
    public var fileName: String

    /// An order.
    ///
    /// - Parameter fileName: See ``fileName``; its path if it is nil.
    public init(_ path: AssetPath, of schematic: Schematic, version: TalosVersion, fileName: String? = nil) {
        self.path = path
        self.schematic = schematic
        self.version = version
        self.fileName = fileName ?? path.path
    }

    /// The order for the asset whose checksum this one is, and which checksum; nil if it is none.
    var checksummed: (order: AssetOrder, algorithm: ChecksumAlgorithm)? {
        guard let (asset, algorithm) = path.checksummed else { return nil }
        let suffix = algorithm.suffix.utf8
        let name =
            fileName.utf8.suffix(suffix.count).elementsEqual(suffix)
            ? String(decoding: fileName.utf8.dropLast(suffix.count), as: UTF8.self) : fileName
        return (AssetOrder(asset, of: schematic, version: version, fileName: name), algorithm)
    }
}
