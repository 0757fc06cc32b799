import Compositions
import Releases
import TalosModel

/// The kernel: the release's own file.
struct KernelRecipe: Recipe {
    var imageName: String? { "kernel" }

    func makes(_ kind: AssetKind) -> Bool { kind == .kernel }

    func composition(of order: AssetOrder, by resolver: some AssetResolver) async throws -> Composition {
        try order.schematic.requireOverlaySupport(in: order.version)
        let architecture = order.path.architecture
        let release = try await resolver.release(order.version, for: architecture)
        return Composition([.file(try await resolver.bootFile(.kernel, of: release, for: architecture))])
    }
}
