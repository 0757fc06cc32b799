import Compositions
import Digests
import OCIModel
import Stores
import Trust

/// Reads an image that is kept whole in the store, from the digest that names it down to its layers, each step checked
/// against the one before.
struct StoredImageReader {
    let store: EmbeddedStore
    /// What to call the image in messages.
    let name: String

    /// The image whose manifest has the digest `manifest`. The record only says where to look: the manifest must be the
    /// subject itself or stand in the subject's index.
    func image(
        _ provenance: ImageProvenance, _ manifest: Digest, _ subject: Digest
    ) throws(ReleaseError) -> FetchedImage {
        do {
            guard provenance.subject == subject else {
                throw ReleaseError(.document, "\(name): its record speaks of \(provenance.subject); import it again")
            }
            if manifest != subject {
                let index = try Index(decoding: document(subject)[...])
                guard index.manifests.contains(where: { $0.digest == manifest }) else {
                    throw ReleaseError(.document, "\(name): its index does not name \(manifest); import it again")
                }
            }
            let document = try Manifest(decoding: document(manifest)[...])
            let configuration = try ImageConfiguration(decoding: self.document(document.configuration.digest)[...])
            var layers: [ImageLayer] = []
            for layer in document.layers {
                layers.append(ImageLayer(file: try blob(layer.digest), mediaType: layer.mediaType))
            }
            return FetchedImage(
                evidence: ImageEvidence(provenance), manifest: manifest, configuration: configuration,
                layers: layers)
        } catch {
            throw ReleaseError(error, reading: name)
        }
    }

    private func blob(_ digest: Digest) throws -> StoredFile {
        guard let file = try store.blob(digest) else {
            throw ReleaseError(.blob, "\(name): its blob \(digest) is gone from the store; import it again")
        }
        return file
    }

    private func document(_ digest: Digest) throws -> [UInt8] {
        try blob(digest).contents(limit: maximumDocumentLength)
    }
}
