import Imaging
import Releases
import Schematics
import TalosModel

extension ReleaseSummary {
    /// What keeps machines of an architecture from booting a schematic of this release, a sentence each; empty if nothing does.
    /// Nothing is read from a disk.
    func obstacles(to schematic: Schematic, on architecture: Architecture) -> [String] {
        guard architectures.contains(architecture) else {
            return [
                "Talos \(version.tag) has no boot files for \(architecture) here; import an imager image that has them"
            ]
        }
        return obstacles(to: schematic) + missingExtensions(of: schematic, on: architecture)
    }

    private func obstacles(to schematic: Schematic) -> [String] {
        var texts: [String] = []
        func isRefused(by check: () throws(ImagingError) -> Void) -> Bool {
            do throws(ImagingError) {
                try check()
                return false
            } catch {
                // What cannot be known is no fault of the schematic's.
                let isUnknown = error.code == .catalogUnreadable
                texts.append(isUnknown ? error.message : "\(error); leave it out, or choose another version")
                return true
            }
        }
        _ = isRefused { () throws(ImagingError) in try schematic.requireEmbeddedConfigurationSupport(in: version) }
        if !isRefused(by: { () throws(ImagingError) in try schematic.requireOverlaySupport(in: version) }) {
            _ = isRefused { () throws(ImagingError) in try schematic.requireOverlay(of: self) }
        }
        return texts
    }

    private func missingExtensions(of schematic: Schematic, on architecture: Architecture) -> [String] {
        let missing = Set((missingExtensions[architecture] ?? []).map(\.digest))
        var texts: [String] = []
        var named: Set<String> = []
        for name in schematic.officialExtensions where named.insert(name).inserted {
            do throws(ImagingError) {
                let found = try ExtensionSelection.select([name], from: self)
                for official in found where missing.contains(official.digest) {
                    texts.append(
                        "the image of the extension \(official.name) (\(official.reference)@\(official.digest)) has not been "
                            + "imported for \(architecture); import a layout that holds it for all platforms "
                            + "('skopeo copy --all')")
                }
            } catch {
                if error.code == .catalogUnreadable { return [error.message] }
                texts.append("Talos \(version.tag) has no extension \(name); see 'slipway release list'")
            }
        }
        return texts
    }
}
