import Compositions
import TalosModel

/// The kernel command line as text, without a newline.
struct CommandLineRecipe: Recipe {
    var imageName: String? { "cmdline" }

    func makes(_ kind: AssetKind) -> Bool { kind == .commandLine }

    func composition(of order: AssetOrder, by resolver: some AssetResolver) async throws -> Composition {
        try order.schematic.requireOverlaySupport(in: order.version)
        _ = try await resolver.release(order.version)
        return try await resolver.compute { _ in Composition([.bytes(try Self.line(of: order).bytes)]) }
    }

    /// The line that an order's schematic gives on its platform. It takes time by the schematic's length.
    static func line(of order: AssetOrder) throws(ImagingError) -> KernelCommandLine {
        do {
            return try order.schematic.commandLine(of: order.path, version: order.version)
        } catch let error as KernelCommandLineError {
            throw ImagingError(.unknownPlatform, error.description)
        } catch {
            throw ImagingError(.unexpected, "the kernel command line cannot be assembled: \(error)")
        }
    }
}
