import Compositions
import Digests
import Releases
import TalosModel
import Trust

/// The initramfs:
///
///     microcode | the release's initramfs | extensions, module dependencies, the schematic's own: one archive
///
/// Each extension that is new is built; all else is a look into the store.
struct InitramfsRecipe: Recipe {
    var imageName: String? { "initramfs" }

    func makes(_ kind: AssetKind) -> Bool { kind == .initramfs }

    func composition(of order: AssetOrder, by resolver: some AssetResolver) async throws -> Composition {
        let plan = try await plan(order, by: resolver)
        let segments = try await resolver.products(of: plan.extensions.map { ExtensionPart($0, in: plan) })
        var modules: ModuleSegment?
        if let part = ModulesPart(plan, segments) { modules = try await resolver.product(of: part) }
        return try await resolver.compute { [modules] in try $0.compose(plan, segments, modules) }
    }

    private func plan(_ order: AssetOrder, by resolver: some AssetResolver) async throws -> InitramfsPlan {
        let architecture = order.path.architecture
        var release = try await resolver.release(order.version, for: architecture)
        let extensions: [OfficialExtension]
        do { extensions = try await select(order, from: release, by: resolver) } catch let error as ImagingError
            where [.extensionNotAvailable, .overlayNotAvailable, .catalogUnreadable].contains(error.code)
        {
            guard let newer = try await resolver.release(after: release) else { throw error }
            release = newer
            extensions = try await select(order, from: newer, by: resolver)
        }
        let base = try await resolver.bootFile(.initramfs, of: release, for: architecture)
        var images: [Digest: VerifiedImage] = [:]
        for official in extensions {
            images[official.digest] = try await resolver.image(of: official, for: architecture)
        }
        return try await resolver.compute { [release, images] _ in
            try Imager.plan(
                schematic: order.schematic, release: release, architecture: architecture, base: base, images: images)
        }
    }

    private func select(
        _ order: AssetOrder, from release: ReleaseSummary, by resolver: some AssetResolver
    ) async throws -> [OfficialExtension] {
        try await resolver.compute { _ in try Imager.extensions(for: order.schematic, of: release) }
    }
}
