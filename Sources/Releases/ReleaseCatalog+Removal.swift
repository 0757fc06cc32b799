import Digests
import Stores
import TalosModel

/// What the removal of a release took from the store.
public struct ReleaseRemoval: Hashable, Sendable {
    /// How many images nobody names any more, the release's own among them.
    public var images = 0
}

extension ReleaseCatalog {
    /// Removes a release: it is offered no longer, and what no other release lists of its images is nobody's. Their content stays
    /// until the store is cleaned; who is being sent it gets all of it.
    ///
    /// - Throws: `ReleaseError`, with code `notImported` for a version that is not here.
    public func remove(_ version: TalosVersion) throws(ReleaseError) -> ReleaseRemoval {
        try refresh()
        guard snapshot.knows(version) else {
            throw ReleaseError(
                .notImported, "Talos \(version.tag) is not in the store; 'slipway release list' shows what is")
        }
        var removal = ReleaseRemoval()
        var obstacle: ReleaseError?
        do throws(StoreError) {
            try store.removeRecords { () throws(StoreError) in
                // As it is now, while nobody imports.
                do throws(ReleaseError) { try refresh() } catch { obstacle = error }
                if snapshot.hasUnreadableReleases {
                    obstacle = ReleaseError(
                        .document,
                        "a record of some release cannot be read, and may name the same images ('slipway release list' says which); "
                            + "import that release again first")
                }
                guard obstacle == nil else { return [] }
                let gone = snapshot.images(onlyOf: version)
                removal.images = gone.count
                let key = version.description
                // The catalogs last: what is interrupted can be done again, as they name what is left.
                return gone.flatMap { digest in [(.images, digest.hexadecimal), (.referrers, digest.hexadecimal)] }
                    + [.bootFiles, .installers, .overlayCatalogs, .extensionCatalogs].map { ($0, key) }
            }
        } catch {
            throw ReleaseError(error)
        }
        if let obstacle { throw obstacle }
        try refresh()
        return removal
    }
}
