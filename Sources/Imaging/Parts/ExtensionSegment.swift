import Compositions
import Schematics
import TalosModel

/// An extension, ready to be a part of any initramfs of its layout: it depends on nothing else.
public struct ExtensionSegment: Hashable, Sendable {
    /// The squashfs image, and the firmware behind it.
    public var part: ArchivePart
    /// Microcode for Intel's processors.
    public var intelMicrocode: StoredFile?
    /// Microcode for AMD's processors.
    public var amdMicrocode: StoredFile?
    /// What the extension says of itself.
    public var manifest: ExtensionManifest
    /// Whether it has kernel modules.
    public var hasModules: Bool

    /// Whether the extension works with `version`, by its own word.
    ///
    /// - Throws: `ImagingError` with code `incompatibleExtension`.
    public func requireCompatibility(with version: TalosVersion) throws(ImagingError) {
        let range: VersionRange
        do { range = try VersionRange(parsing: manifest.talosVersions) } catch {
            throw ImagingError(.invalidExtension, "the extension '\(manifest.name)': \(error)")
        }
        guard range.contains(version) else {
            throw ImagingError(
                .incompatibleExtension,
                "the extension '\(manifest.name)' \(manifest.version) needs Talos \(manifest.talosVersions), and this is "
                    + "\(version.tag); leave it out or choose another version")
        }
    }
}
