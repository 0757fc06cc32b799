import Compositions
import Releases
import TalosModel
import Trust

/// Where a recipe gets what an asset is made of. One resolver builds the parts that are missing, another only looks whether they
/// are there: the recipe is the same.
///
/// Recipes run on the cooperative pool. Whatever reads, or takes time by what a stranger has sent, goes through ``compute(_:)``.
public protocol AssetResolver: Sendable {
    /// The products of parts, in their order. Those that are stored are found together.
    ///
    /// - Throws: `ImagingError`; whatever says that the resolver cannot or will not get one of them.
    func products<P: Part>(of parts: [P]) async throws -> [P.Product]

    /// Runs `body` off the cooperative pool.
    func compute<Value: Sendable>(_ body: @escaping @Sendable (Imager) throws -> Value) async throws -> Value

    /// The release of a version.
    func release(_ version: TalosVersion) async throws -> ReleaseSummary

    /// The release of a version that has what boots an architecture.
    func release(_ version: TalosVersion, for architecture: Architecture) async throws -> ReleaseSummary

    /// The release as it is after one more look at the store, if that is another one than `release`: what it lacks may have been
    /// imported this moment.
    func release(after release: ReleaseSummary) async throws -> ReleaseSummary?

    /// A boot file of a release, whose image has been accepted. Where it is not going to be read, nobody has checked its bytes,
    /// and its identity is nil.
    func bootFile(
        _ name: BootFileName, of release: ReleaseSummary, for architecture: Architecture
    ) async throws -> StoredFile

    /// The image of one of a release's extensions.
    func image(of official: OfficialExtension, for architecture: Architecture) async throws -> VerifiedImage
}

extension AssetResolver {
    /// The product of a part.
    public func product<P: Part>(of part: P) async throws -> P.Product {
        guard let product = try await products(of: [part]).first else {
            throw ImagingError(.unexpected, "there is no product of \(part.key.kind) \(part.name)")
        }
        return product
    }
}
