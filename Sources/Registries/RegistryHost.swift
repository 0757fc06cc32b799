import NetworkTypes
import OCIModel

/// A registry, by the host and port in its images' names: `ghcr.io`, `registry.lan:5000`.
///
/// Two spellings of one registry are equal: letters are in lower case, and the names under which Docker Hub is known are
/// `docker.io`. A port counts, also where it is the protocol's own, as it does in docker's files of credentials.
public struct RegistryHost: Hashable, Sendable, CustomStringConvertible {
    /// Host and port as they are known.
    public let authority: Authority

    /// Docker Hub.
    public static let dockerHub = RegistryHost(known: "docker.io")
    /// GitHub's registry.
    public static let github = RegistryHost(known: "ghcr.io")

    private static let dockerHubNames: Set<String> = [
        "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com",
    ]

    /// Reads host and port.
    ///
    /// - Throws: ``RegistryError``, which says what is wrong with it.
    public init(parsing text: some StringProtocol) throws(RegistryError) {
        let name = text.lowercased()
        do {
            authority = try Authority(parsing: Self.dockerHubNames.contains(name) ? "docker.io" : name)
        } catch {
            throw RegistryError(.invalidName, "'\(text.prefix(256))' is not a registry's host: \(error)", cause: error)
        }
        if let obstacle = authority.host.obstacle {
            throw RegistryError(.invalidName, "'\(text.prefix(256))' is not a registry's host: \(obstacle)")
        }
    }

    private init(known name: String) {
        guard let authority = try? Authority(parsing: name) else { preconditionFailure("'\(name)' is no host") }
        self.authority = authority
    }

    /// The registry of an image; Docker Hub, where the name has none.
    public init(of reference: ImageReference) throws(RegistryError) {
        guard let registry = reference.registry else {
            self = .dockerHub
            return
        }
        try self.init(parsing: registry)
    }

    /// Host and port that are connected to. Docker Hub has its interface at another host than its name.
    public var apiAuthority: String { self == .dockerHub ? "registry-1.docker.io" : authority.description }

    /// How far its address reaches.
    public var addressClass: AddressClass { AddressClass(authority.host) }

    /// Whether it is this host or a private address by its name alone, which are spoken with over plain http as well.
    public var isLocal: Bool { addressClass == .loopback || addressClass == .site }

    public var description: String { authority.description }
}
