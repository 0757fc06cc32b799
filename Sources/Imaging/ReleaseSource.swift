import Releases
import TalosModel
import Trust

/// Where releases come from: what imaging asks of a `ReleaseCatalog`.
public protocol ReleaseSource: Sendable {
    /// The release of this version, or nil if it has not been imported.
    func release(_ version: TalosVersion) throws -> Release?

    /// The image of an extension for an architecture.
    func extensionImage(_ official: OfficialExtension, architecture: Architecture) throws -> VerifiedImage
}

extension ReleaseCatalog: ReleaseSource {}
