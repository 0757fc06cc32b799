import Compositions
import ImageFactory
import Imaging
import Releases
import Schematics
import Settings
import TalosModel

extension Appliance {
    /// An asset, as the image frontend would serve it.
    ///
    /// - Parameters:
    ///   - target: The asset.
    ///   - fileName: The name by which it was asked for; a checksum repeats that of its asset.
    ///   - body: A schematic's text; nil takes the one that `schematicID` names, or the empty one.
    ///   - version: Which of the releases in the store.
    public func build(
        _ target: AssetPath, named fileName: String, schematic body: [UInt8]?, schematicID: SchematicID?,
        version: VersionSelector
    ) async throws -> Composition {
        do {
            let schematic: Schematic
            if let schematicID {
                do { schematic = try await factory.schematic(schematicID) } catch let error as FactoryError
                    where error.code == .schematicNotFound
                {
                    throw ApplianceError(
                        "the schematic \(schematicID) is not in \(settings.store); post it to the daemon, or give its file "
                            + "with --schematic")
                }
            } else {
                schematic = try await factory.create(body ?? Array("customization: {}\n".utf8))
            }
            return try await factory.composition(
                of: AssetOrder(target, of: schematic, version: try resolve(version), fileName: fileName))
        } catch let error as FactoryError {
            throw ApplianceError("\(error)")
        }
    }

    private func resolve(_ selector: VersionSelector) throws -> TalosVersion {
        let versions = factory.releases.versions
        guard let version = selector.resolve(among: versions) else {
            let known = versions.isEmpty ? "none" : versions.map(\.tag).joined(separator: ", ")
            throw ApplianceError(
                "there is no release for \(selector) in \(settings.store) (there: \(known)); 'slipway release import PATH' "
                    + "brings one in")
        }
        return version
    }
}
