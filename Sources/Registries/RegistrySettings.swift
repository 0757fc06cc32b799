/// What is particular about one registry.
public struct RegistrySettings: Hashable, Sendable {
    /// Another registry that has this one's images.
    public struct Mirror: Hashable, Sendable {
        /// The mirror. It has settings and credentials of its own.
        public var host: RegistryHost
        /// What stands before a repository's name there, without slashes at its ends: a project of Harbor, a rule of ECR. Mostly
        /// empty.
        public var prefix: String
        /// Whether the registry itself is never asked, whatever the mirrors say.
        public var isExclusive: Bool

        /// A mirror.
        public init(host: RegistryHost, prefix: String = "", isExclusive: Bool = false) {
            self.host = host
            self.prefix = prefix
            self.isExclusive = isExclusive
        }
    }

    /// Where to ask first, in this order.
    public var mirrors: [Mirror]
    /// Whether it is spoken with over plain http. Nil leaves that to its address: over http with this host and private addresses,
    /// unless there are certificates for them, and over https with all others. Neither gives way to the other.
    public var isInsecure: Bool?
    /// Files of certificates in PEM that are trusted beside the system's.
    public var certificateAuthorities: [String]
    /// The credential for it, before all other sources.
    public var credential: Credential?

    /// A registry's settings; by default, nothing is particular.
    public init(
        mirrors: [Mirror] = [], isInsecure: Bool? = nil, certificateAuthorities: [String] = [],
        credential: Credential? = nil
    ) {
        self.mirrors = mirrors
        self.isInsecure = isInsecure
        self.certificateAuthorities = certificateAuthorities
        self.credential = credential
    }
}
