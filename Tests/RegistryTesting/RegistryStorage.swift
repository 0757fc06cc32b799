import Digests
import FolderTesting

/// A docker-registry's folder, filled without it: the tests' client does not push, and what pushes would need every kind of
/// access that is tested (source: the distribution project's storage paths).
public final class RegistryStorage: Sendable {
    private let folder: TemporaryFolder

    /// An empty folder.
    public init() throws { folder = try TemporaryFolder() }

    /// Where it is.
    public var path: String { folder.path }

    /// Puts a blob into a repository and gives its digest.
    @discardableResult
    public func put(_ blob: [UInt8], in repository: String) throws -> Digest {
        let digest = try write(blob)
        try link(digest, "\(repository)/_layers/sha256/\(digest.hexadecimal)/link")
        return digest
    }

    /// Puts a manifest or an index into a repository and gives its digest.
    @discardableResult
    public func put(manifest: [UInt8], tag: String? = nil, in repository: String) throws -> Digest {
        let digest = try write(manifest)
        try link(digest, "\(repository)/_manifests/revisions/sha256/\(digest.hexadecimal)/link")
        if let tag {
            try link(digest, "\(repository)/_manifests/tags/\(tag)/current/link")
            try link(digest, "\(repository)/_manifests/tags/\(tag)/index/sha256/\(digest.hexadecimal)/link")
        }
        return digest
    }

    /// Takes a blob's bytes away, though images have it.
    public func lose(_ digest: Digest) throws { try folder.remove(Self.data(digest)) }

    private func write(_ bytes: [UInt8]) throws -> Digest {
        let digest = Digest.of(bytes)
        try folder.write(Self.data(digest), bytes)
        return digest
    }

    private func link(_ digest: Digest, _ path: String) throws {
        try folder.write("docker/registry/v2/repositories/\(path)", digest.description)
    }

    private static func data(_ digest: Digest) -> String {
        "docker/registry/v2/blobs/sha256/\(digest.hexadecimal.prefix(2))/\(digest.hexadecimal)/data"
    }
}
