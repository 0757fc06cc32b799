import Compositions
import Digests
import Stores

/// The digests of a composition's bytes. Equal tags mean equal bytes, so they hold for whatever composition has this tag.
public struct DigestPart: Part {
    private let composition: Composition

    /// The digests of a composition.
    public init(of composition: Composition) { self.composition = composition }

    public var key: PartKey { PartKey(kind: "digests", text: composition.tag.hexadecimal) }
    public var name: String { composition.tag.description }

    /// The digests, if they are remembered or need no file to be read.
    public func stored(in imager: Imager) throws(ImagingError) -> ContentDigests? {
        try explaining("the digests of \(composition.tag)") {
            composition.files.isEmpty
                ? try composition.contentDigests()
                : try imager.store.usableRecord(key.text)
        }
    }

    /// Computes the digests in one pass.
    ///
    /// - Throws: `ImagingError`; with code `store` if a file is not what was checked any more.
    public func build(
        in imager: Imager, isCancelled: @escaping CancellationCheck
    ) throws(ImagingError) -> ContentDigests {
        try explaining("the digests of \(composition.tag)") {
            let digests = try composition.contentDigests(isCancelled: isCancelled)
            // What nobody has checked may not be what the tag names.
            if composition.files.allSatisfy({ $0.identity != nil }) {
                try imager.store.setRecord(key.text, digests)
            }
            return digests
        }
    }
}
