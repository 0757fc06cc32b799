import Compositions
import TalosModel

/// How assets of a kind are made.
protocol Recipe: Sendable {
    /// What images of this kind are called where somebody is told which there are; nil for what only goes with an image.
    var imageName: String? { get }

    /// Whether assets of this kind are made in this way.
    func makes(_ kind: AssetKind) -> Bool

    /// The bytes of an asset of such a kind.
    ///
    /// - Throws: `ImagingError`, and whatever the resolver throws.
    func composition(of order: AssetOrder, by resolver: some AssetResolver) async throws -> Composition
}

/// All assets that can be made.
public enum Recipes {
    /// The table of kinds. A kind that no recipe makes is told as that.
    static let all: [any Recipe] = [KernelRecipe(), CommandLineRecipe(), InitramfsRecipe(), ChecksumRecipe()]

    /// The bytes of an asset.
    ///
    /// - Throws: `ImagingError`, with code `kindNotSupported` for one that cannot be made; whatever the resolver throws.
    public static func composition(
        of order: AssetOrder, by resolver: some AssetResolver
    ) async throws -> Composition {
        guard let recipe = all.first(where: { $0.makes(order.path.kind) }) else {
            // What does not exist at all is told before what is not made here.
            _ = try await resolver.release(order.version)
            try await resolver.compute { _ in _ = try CommandLineRecipe.line(of: order) }
            throw ImagingError(
                .kindNotSupported,
                "\(order.path): this version of Slipway makes \(imageNames), and no other images yet")
        }
        return try await recipe.composition(of: order, by: resolver)
    }

    private static var imageNames: String {
        let names = all.compactMap(\.imageName)
        return names.dropLast().joined(separator: ", ") + (names.count > 1 ? " and " : "") + (names.last ?? "nothing")
    }
}
