import Compression
import Digests
import Logging
import NIOHTTP1
import OCIModel
import Workers

extension RegistryClient {
    /// A manifest or an index. One that is named by its digest is asked for by that; its tag, if it has one as well, only helps caches
    /// that learn of images by their tags.
    ///
    /// - Throws: ``RegistryError``; `CancellationError`.
    public func document(_ image: ImageReference) async throws -> RegistryDocument {
        let repository = try Repository(of: image)
        let deadline = Deadline(in: limits.document)
        return try await first(of: repository, deadline) { endpoint in
            try await document(image, in: repository, at: endpoint, deadline)
        }
    }

    /// What a tag stands for now.
    ///
    /// What a registry says about a tag without giving the bytes is a hint and no more: it may be about other bytes. So the digest is
    /// always that of bytes; but where it says what is known already, there is nothing to fetch.
    ///
    /// - Parameter known: What the tag stood for when it was last looked at. Then HEAD is asked first, which registries do not count
    ///   against their limits.
    /// - Throws: ``RegistryError``; `CancellationError`.
    public func resolve(_ image: ImageReference, known: Descriptor? = nil) async throws -> Descriptor {
        let repository = try Repository(of: image)
        let deadline = Deadline(in: limits.document)
        return try await first(of: repository, deadline) { endpoint in
            if let known, try await isStill(known, image, in: repository, at: endpoint, deadline) { return known }
            return try await document(image, in: repository, at: endpoint, deadline).descriptor
        }
    }

    func document(
        _ image: ImageReference, in repository: Repository, at endpoint: Endpoint, _ deadline: Deadline
    ) async throws -> RegistryDocument {
        do { return try await get(Self.name(of: image), image, in: repository, at: endpoint, deadline) } catch {
            guard let error = error as? RegistryError, error.code == .notFound, image.digest != nil, let tag = image.tag
            else {
                throw error
            }
            return try await get(tag, image, in: repository, at: endpoint, deadline)
        }
    }

    /// Digest or tag. Neither has a byte that would have to be escaped.
    private static func name(of image: ImageReference) -> String {
        image.digest?.description ?? image.tag ?? "latest"
    }

    private static var headers: HTTPHeaders {
        HTTPHeaders([("accept", RegistryDocument.accepted.map(\.rawValue).joined(separator: ", "))])
    }

    private func get(
        _ name: String, _ image: ImageReference, in repository: Repository, at endpoint: Endpoint, _ deadline: Deadline
    ) async throws -> RegistryDocument {
        let request = RequestText.of("\(endpoint.name(of: repository)):\(name)", at: endpoint.host)
        let answer = try await conversation.ask(
            .GET, endpoint.url(repository, "manifests/\(name)"), headers: Self.headers, at: endpoint,
            repository: endpoint.name(of: repository), deadline: deadline, request: request)
        guard answer.status == 200 else { throw try await conversation.fault(answer, request: request) }
        let bytes = try await answer.whole(limit: limits.documentBytes, deadline: deadline, request: request)
        let (declared, limit, wanted) = (answer.mediaType, limits.documentBytes, image.digest)
        let document = try await work.run {
            try Self.check(bytes, declared: declared, wanted: wanted, limit: limit, request: request)
        }
        if let claimed = answer.headers.first(name: "docker-content-digest"), claimed != document.digest.description {
            logger.info(
                "\(request) says that it is \(PlainText.shown(claimed)), and it is \(document.digest)",
                metadata: ["registry": "\(endpoint.host)"])
        }
        return document
    }

    /// - Parameter wanted: The digest by which it was asked for.
    private static func check(
        _ received: [UInt8], declared: String?, wanted: Digest?, limit: Int, request: String
    ) throws -> RegistryDocument {
        guard !received.isEmpty else { throw RegistryError(.brokenAnswer, "\(request) answers with nothing") }
        var bytes = received
        var digest = Digest.of(bytes)
        // Servers before registries compress what nobody wanted compressed. No document begins with gzip's magic number.
        if digest != wanted, CompressionFormat(sniffing: bytes.prefix(CompressionFormat.magicLength)) == .gzip {
            bytes = try unpacked(bytes, limit: limit, request: request)
            digest = Digest.of(bytes)
        }
        if let wanted, digest != wanted {
            throw RegistryError(
                .wrongContent,
                "\(request) answers with other bytes: their digest is \(digest); a copy that was converted has "
                    + "another digest than its original, and no signature of that is for it")
        }
        return try RegistryDocument(bytes, declared: declared, digest: digest, request: request)
    }

    private static func unpacked(_ bytes: [UInt8], limit: Int, request: String) throws -> [UInt8] {
        do {
            let decompressor = try Decompressor(.gzip, outputLimit: UInt64(limit))
            var unpacked: [UInt8] = []
            try bytes.withUnsafeBytes { try decompressor.write($0) { unpacked.append(contentsOf: $0) } }
            try decompressor.finish { unpacked.append(contentsOf: $0) }
            return unpacked
        } catch {
            throw RegistryError(.badAnswer, "\(request) answers with what cannot be unpacked: \(error)", cause: error)
        }
    }

    /// Whether a registry says that a tag stands for what is known.
    private func isStill(
        _ known: Descriptor, _ image: ImageReference, in repository: Repository, at endpoint: Endpoint,
        _ deadline: Deadline
    ) async throws -> Bool {
        let name = Self.name(of: image)
        let request = RequestText.of("\(endpoint.name(of: repository)):\(name)", at: endpoint.host)
        let answer = try await conversation.ask(
            .HEAD, endpoint.url(repository, "manifests/\(name)"), headers: Self.headers, at: endpoint,
            repository: endpoint.name(of: repository), deadline: deadline, request: request)
        if answer.status == 429 { throw try await conversation.fault(answer, request: request) }
        return answer.status == 200 && answer.headers.first(name: "docker-content-digest") == known.digest.description
    }
}
