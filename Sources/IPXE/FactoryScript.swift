import NetworkTypes
import TalosModel

/// The scripts of Image Factory's PXE frontend. Clients and test suites compare them byte for byte, so nothing is added
/// to them, and nothing is escaped either.
public enum FactoryScript {
    /// The script for `/pxe/<schematic>/<version>/<path>`.
    ///
    /// - Parameters:
    ///   - base: The base of the asset URLs, with credentials where the request had some.
    ///   - commandLine: The `cmdline` asset of `asset`.
    public static func text(
        base: String, schematic: String, version: TalosVersion, asset: AssetPath, commandLine: String
    ) -> String {
        func url(_ kind: AssetKind) -> String {
            let part = AssetPath(
                kind, platform: asset.platform, architecture: asset.architecture, secureBoot: asset.secureBoot)
            return base.withoutTrailingSlashes
                + ServicePath.image(schematic: schematic, version: version.tag, asset: part.path)
        }
        let lines =
            asset.secureBoot
            ? ["kernel \(url(.unifiedKernelImage)) \(commandLine)"]
            : ["kernel \(url(.kernel)) \(commandLine)", "initrd \(url(.initramfs))"]
        return (["#!ipxe", "", "imgfree"] + lines + ["boot", ""]).joined(separator: "\n")
    }
}
