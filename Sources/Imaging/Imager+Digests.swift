import Compositions
import Digests
import Stores

extension Imager {
    /// The digests of a composition, if they are remembered or need no file to be read; nil otherwise.
    public func storedDigests(of composition: Composition) throws(ImagingError) -> ContentDigests? {
        try explaining("the digests of \(composition.tag)") {
            composition.files.isEmpty
                ? try composition.contentDigests()
                : try store.usableRecord(composition.tag.hexadecimal)
        }
    }

    /// The digests of a composition, computed in one pass over it if they are not in the store. Equal tags mean equal bytes, so
    /// they hold for whatever composition has this tag.
    ///
    /// - Throws: `ImagingError`; with code `store` if a file is not what was checked any more.
    public func digests(
        of composition: Composition, isCancelled: @escaping CancellationCheck = { false }
    ) throws(ImagingError) -> ContentDigests {
        if let stored = try storedDigests(of: composition) { return stored }
        return try explaining("the digests of \(composition.tag)") {
            let digests = try composition.contentDigests(isCancelled: isCancelled)
            // What nobody has checked may not be what the tag names.
            if composition.files.allSatisfy({ $0.identity != nil }) {
                try store.setRecord(composition.tag.hexadecimal, digests)
            }
            return digests
        }
    }
}
