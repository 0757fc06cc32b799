import Compositions
import Imaging
import Workers

extension Factory {
    /// The digests of an asset's bytes, if nothing has to be read to know them; nil otherwise.
    public func knownDigests(of composition: Composition) async throws -> ContentDigests? {
        do {
            return try await plans.run { [imager] in try imager.storedDigests(of: composition) }
        } catch let error as ImagingError {
            throw FactoryError(error)
        }
    }

    /// The digests of an asset's bytes. What is not remembered is read once, however many ask for it.
    public func digests(of composition: Composition) async throws -> ContentDigests {
        if let known = try await knownDigests(of: composition) { return known }
        do {
            return try await digests.value(for: composition.tag) { [self] in
                try await timing("digests", "\(composition.tag)") {
                    // Looks once more whether another has finished it.
                    try await self.queue.run { [imager] cancellation in
                        try imager.digests(of: composition, isCancelled: { cancellation.isCancelled })
                    }
                }
            }
        } catch let error as ImagingError {
            throw FactoryError(error)
        }
    }
}
