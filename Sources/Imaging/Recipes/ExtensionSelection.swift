import Releases
import Schematics
import TalosModel

/// Which of a release's extensions a schematic means.
public enum ExtensionSelection {
    /// Names that schematics still use for extensions that are now called otherwise. Looked at only where the name itself
    /// is not in the release's catalog.
    static let aliases: [String: String] = [
        "siderolabs/v4l-uvc": "siderolabs/v4l-uvc-drivers",
        "siderolabs/usb-modem": "siderolabs/usb-modem-drivers",
        "siderolabs/gasket": "siderolabs/gasket-driver",
        "siderolabs/talos-vmtoolsd": "siderolabs/vmtoolsd-guest-agent",
        "siderolabs/xe-guest-utilities": "siderolabs/xen-guest-agent",
        "siderolabs/nvidia-container-toolkit": "siderolabs/nvidia-container-toolkit-lts",
        "siderolabs/nvidia-open-gpu-kernel-modules": "siderolabs/nvidia-open-gpu-kernel-modules-lts",
        "siderolabs/nonfree-kmod-nvidia": "siderolabs/nonfree-kmod-nvidia-lts",
        "siderolabs/nvidia-fabricmanager": "siderolabs/nvidia-fabric-manager-lts",
        "siderolabs/i915-ucode": "siderolabs/i915",
        "siderolabs/amdgpu-firmware": "siderolabs/amdgpu",
    ]

    /// The extensions that `names` stand for, in the same order.
    ///
    /// - Throws: `ImagingError` with code `extensionNotAvailable` for the first that the release's catalog does not have,
    ///   `catalogUnreadable` if that cannot be known.
    public static func select(
        _ names: [String], from release: ReleaseSummary
    ) throws(ImagingError) -> [OfficialExtension] {
        guard !names.isEmpty else { return [] }
        let catalog: [OfficialExtension]
        do throws(ReleaseError) { catalog = try release.knownExtensions() } catch {
            throw ImagingError(.catalogUnreadable, error.message)
        }
        let known = Dictionary(catalog.map { ($0.name, $0) }) { first, _ in first }
        var selected: [OfficialExtension] = []
        for name in names {
            guard let found = known[name] ?? aliases[name].flatMap({ known[$0] }) else {
                throw ImagingError(
                    .extensionNotAvailable,
                    "official extension \(name.goQuoted) is not available for Talos version \(release.version.tag)")
            }
            selected.append(found)
        }
        return selected
    }

    /// The order in which the imager lays `count` extensions over one another: it numbers them and sorts the numbers as
    /// text, so that the eleventh, `10`, comes before the third, `2`. The last one is topmost.
    public static func layerOrder(_ count: Int) -> [Int] {
        (0..<count).map { (String($0), $0) }.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map(\.1)
    }
}

extension Schematic {
    /// Refuses a schematic with an embedded machine configuration for a version that cannot take one. Kernel and command
    /// line are made all the same, since they have no place for it.
    ///
    /// - Throws: `ImagingError` with code `embeddedConfigurationNotSupported` and the text that clients know.
    public func requireEmbeddedConfigurationSupport(in version: TalosVersion) throws(ImagingError) {
        guard embeddedMachineConfiguration.isEmpty || version.supportsEmbeddedConfiguration else {
            throw ImagingError(
                .embeddedConfigurationNotSupported,
                "embedding configuration is not supported for Talos version \(version.tag)")
        }
    }

    /// Refuses a schematic with an overlay for a version that knows none, whatever is to be made.
    ///
    /// - Throws: `ImagingError` with code `overlayNotSupported` and the text that clients know.
    public func requireOverlaySupport(in version: TalosVersion) throws(ImagingError) {
        guard (overlay?.name ?? "").isEmpty || version.supportsOverlays else {
            throw ImagingError(
                .overlayNotSupported, "overlay is not supported for Talos version \(version.tag)")
        }
    }

    /// Refuses a schematic whose overlay is not among those of a release. It is the overlay's name that counts; the image
    /// that schematics give beside it does not. Kernel and command line are made all the same.
    ///
    /// - Throws: `ImagingError` with code `overlayNotAvailable`, or `catalogUnreadable` if that cannot be known.
    public func requireOverlay(of release: ReleaseSummary) throws(ImagingError) {
        guard let name = overlay?.name, !name.isEmpty else { return }
        let overlays: [OfficialOverlay]
        do throws(ReleaseError) { overlays = try release.knownOverlays() } catch {
            throw ImagingError(.catalogUnreadable, error.message)
        }
        guard !overlays.contains(where: { $0.name == name }) else { return }
        throw ImagingError(
            .overlayNotAvailable, "overlay \(name.goQuoted) is not available for Talos version \(release.version.tag)")
    }
}
