import NetworkTypes
import Schematics
import TalosModel

/// What a release and a schematic are called on consoles and in URLs: made once for all the machines that boot them.
public struct BootNames: Sendable {
    /// The release for people, as in "Talos v1.13.5".
    public let release: String
    /// Release and schematic for people, the latter by the first digits of its ID.
    let summary: String
    /// The path of the kernel, as the image frontend serves it.
    public let kernel: String
    /// The path of the initramfs.
    public let initramfs: String

    init(schematic: SchematicID, version: TalosVersion, target: AssetPath) {
        let tag = version.tag
        release = "Talos \(tag)"
        summary = "Talos \(tag), schematic \(schematic.short)"
        func path(_ kind: AssetKind) -> String {
            Self.path(
                of: AssetPath(kind, platform: target.platform, architecture: target.architecture), schematic: schematic,
                version: version)
        }
        kernel = path(.kernel)
        initramfs = path(.initramfs)
    }

    /// The path of an asset as scripts name it, whichever of its spellings it was asked for by.
    public static func path(of asset: AssetPath, schematic: SchematicID, version: TalosVersion) -> String {
        ServicePath.image(schematic: schematic.description, version: version.tag, asset: asset.path)
    }
}
