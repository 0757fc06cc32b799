import Foundation
import Loads

/// Reads an OCI layout as far as the peers need it.
struct LayoutReader {
    private struct Descriptor: Decodable {
        struct Platform: Decodable { var architecture: String }
        var digest: String
        var platform: Platform?
        var annotations: [String: String]?
    }
    /// An index or a manifest.
    private struct Document: Decodable {
        var manifests: [Descriptor]?
        var layers: [Descriptor]?
    }

    /// The layout's folder.
    let path: String

    private func document(_ name: String) throws -> Document {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))
        return try JSONDecoder().decode(Document.self, from: data)
    }

    private func blob(_ descriptor: Descriptor) -> String {
        "blobs/" + descriptor.digest.replacingOccurrences(of: ":", with: "/")
    }

    /// Unpacks the image of an extension for amd64 into a folder.
    func unpack(extension name: String, into folder: String) throws {
        let entry = try document("index.json").manifests?.first {
            let reference = $0.annotations?["org.opencontainers.image.ref.name"] ?? ""
            return reference.contains("/\(name):")
        }
        guard let entry else { throw Failure("the layout \(path) has no extension \(name): make it with --bench") }
        var image = try document(blob(entry))
        if let platforms = image.manifests {
            guard let own = platforms.first(where: { $0.platform?.architecture == "amd64" }) else {
                throw Failure("\(name) in \(path) has no image for amd64")
            }
            image = try document(blob(own))
        }
        let tar = try Program("tar", from: "tar")
        for layer in image.layers ?? [] { try tar.run(["-xf", "\(path)/\(blob(layer))", "-C", folder]) }
    }
}
