import OCIModel
import Workers

/// An image for one platform, and where that was found.
public struct PlatformImage: Hashable, Sendable {
    /// The index that lists it, which is what is signed; nil where the name stands for the image itself.
    public var index: RegistryDocument?
    /// Its manifest as its registry has it.
    public var document: RegistryDocument
    /// Its manifest.
    public var manifest: Manifest
}

extension RegistryClient {
    /// An image for one platform, out of what its name stands for.
    ///
    /// - Throws: ``RegistryError``, where there is none for the platform: it says for which there are; `CancellationError`.
    public func image(_ image: ImageReference, for platform: Platform) async throws -> PlatformImage {
        let repository = try Repository(of: image)
        let first = try await document(image)
        guard let index = try await read(first, of: image, { try $0.index() }) else {
            return try await platformImage(first, of: image, index: nil)
        }
        guard let entry = index.manifest(for: platform) else {
            let others = index.manifests.filter { !$0.isAttestation }.compactMap { $0.platform?.description }
            let there = others.isEmpty ? "none" : PlainText.shown(others.joined(separator: ", "))
            throw RegistryError(
                .notFound, "\(repository) has no image for \(platform) under this name; it has: \(there)")
        }
        var named = image
        named.tag = nil
        named.digest = entry.digest
        return try await platformImage(try await document(named), of: image, index: first)
    }

    private func platformImage(
        _ document: RegistryDocument, of image: ImageReference, index: RegistryDocument?
    ) async throws -> PlatformImage {
        guard let manifest = try await read(document, of: image, { try $0.manifest() }) else {
            throw RegistryError(.badAnswer, "\(image) lists an index where it says that there is an image")
        }
        return PlatformImage(index: index, document: document, manifest: manifest)
    }

    private func read<Value: Sendable>(
        _ document: RegistryDocument, of image: ImageReference,
        _ read: @escaping @Sendable (RegistryDocument) throws -> Value
    ) async throws -> Value {
        do { return try await work.run { try read(document) } } catch let error as OCIModelError {
            throw RegistryError(.badAnswer, "\(image) is no image: \(error)", cause: error)
        }
    }
}

extension Index {
    /// The image for a platform. A variant counts only if both name one; attestations are no images, and neither are further indexes.
    public func manifest(for wanted: Platform) -> Descriptor? {
        let fitting = manifests.filter { entry in
            guard !entry.isAttestation, entry.mediaType.isManifest, let platform = entry.platform else { return false }
            return platform.os == wanted.os && platform.architecture == wanted.architecture
        }
        return fitting.first { $0.platform?.variant == wanted.variant }
            ?? fitting.first { wanted.variant.isEmpty || $0.platform?.variant.isEmpty ?? true }
    }
}
