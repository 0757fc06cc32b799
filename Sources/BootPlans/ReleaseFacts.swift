import Releases
import Schematics
import TalosModel

/// What a decision asks of the releases. No file of theirs is read for an answer.
public protocol ReleaseFacts: Sendable {
    /// The versions that there are, ascending.
    var versions: [TalosVersion] { get }
    /// What keeps machines of an architecture from booting a schematic of a version: a sentence each, with the remedy; none if
    /// nothing does.
    func obstacles(to schematic: Schematic, of version: TalosVersion, on architecture: Architecture) -> [String]
}

extension CatalogSnapshot: ReleaseFacts {
    public func obstacles(
        to schematic: Schematic, of version: TalosVersion, on architecture: Architecture
    ) -> [String] {
        summary(version)?.obstacles(to: schematic, on: architecture)
            ?? ["Talos \(version.tag) has just been removed from the store; import it again"]
    }
}
