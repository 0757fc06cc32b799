import OCIModel

/// A repository of a registry.
public struct Repository: Hashable, Sendable, CustomStringConvertible {
    /// The registry.
    public let host: RegistryHost
    /// The path there: `siderolabs/imager`.
    public let name: String

    /// Names a repository.
    ///
    /// - Throws: ``RegistryError``, where no repository can have that name.
    public init(host: RegistryHost, name: String) throws(RegistryError) {
        self.host = host
        // What the official images' names leave out at Docker Hub.
        self.name = host == .dockerHub && !name.utf8.contains(UInt8(ascii: "/")) ? "library/\(name)" : name
        let reference = try? ImageReference(parsing: "localhost/\(name)")
        guard !name.isEmpty, name.utf8.count <= 255, let reference, reference.repository == name, reference.tag == nil,
            reference.digest == nil
        else { throw RegistryError(.invalidName, "'\(PlainText.shown(name))' is not a repository's name") }
    }

    /// The repository of an image.
    public init(of image: ImageReference) throws(RegistryError) {
        try self.init(host: RegistryHost(of: image), name: image.repository)
    }

    public var description: String { "\(host)/\(name)" }
}
