import Compositions
import Digests
import TalosModel

/// Where finished assets live, besides being made here: a place that several factories or many clients share.
///
/// It is asked only for whoever may be sent elsewhere, and nothing depends on it: what it has not, or cannot take or tell now, is
/// sent from here. Why that is so is for its own log.
public protocol FinishedAssets: Sendable {
    /// What is sent of an asset that is there; nil where it is not known to be.
    func find(_ key: Factory.AssetKey) async -> Asset.Body?

    /// Keeps an asset.
    ///
    /// - Parameters:
    ///   - composition: Its bytes.
    ///   - key: By what it is found again.
    ///   - digest: Gives the SHA-256 of the bytes. It takes a pass over them the first time.
    /// - Returns: What is sent of it from now on; nil where it has not been kept.
    func keep(
        _ composition: Composition, as key: Factory.AssetKey, digest: @Sendable () async throws -> Digest
    ) async -> Asset.Body?
}

extension Factory.AssetKey {
    /// Whether finished assets of this kind are kept elsewhere, when they are saved under this name. Another server gives them the
    /// names that they have there; and texts are small, and checksums are worth something only from here.
    func isShared(savedAs name: String) -> Bool { !path.isText && path.path == name }
}
