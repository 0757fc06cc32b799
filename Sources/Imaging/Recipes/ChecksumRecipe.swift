import Compositions
import Digests
import TalosModel

/// The checksum of another asset: its digest in hexadecimal, two spaces, the name that it is saved under, a newline.
///
/// The digest is a part of its own. It is computed in one pass over the asset's bytes the first time that it is needed, and holds
/// for all assets that consist of the same.
struct ChecksumRecipe: Recipe {
    var imageName: String? { nil }

    func makes(_ kind: AssetKind) -> Bool { if case .checksum = kind { true } else { false } }

    func composition(of order: AssetOrder, by resolver: some AssetResolver) async throws -> Composition {
        guard let (order, algorithm) = order.checksummed else {
            throw ImagingError(.unexpected, "\(order.path) is no checksum")
        }
        let content = try await Recipes.composition(of: order, by: resolver)
        let digests = try await resolver.product(of: DigestPart(of: content))
        let digest =
            switch algorithm {
            case .sha256: digests.sha256.hexadecimal
            case .sha512: digests.sha512.hexadecimal
            }
        return Composition([.bytes(Array("\(digest)  \(Self.printable(order.fileName))\n".utf8))])
    }

    /// A name on a line of its own: what would end the line, or is no ASCII, is `_`, as in the header that names the file.
    private static func printable(_ name: String) -> String {
        var result = ""
        for scalar in name.unicodeScalars { result.unicodeScalars.append((" "..."~").contains(scalar) ? scalar : "_") }
        return result
    }
}
