/// How long things may take, and how large they may be.
public struct RegistryLimits: Hashable, Sendable {
    /// How long a connection may take to come about, TLS included.
    public var connect = Duration.seconds(10)
    /// How long nothing may come.
    public var idle = Duration.seconds(30)
    /// How long a document may take with all attempts, pages and waits.
    public var document = Duration.seconds(180)
    /// How long a blob may take with all attempts and waits.
    public var blob = Duration.seconds(4 * 3600)
    /// The least rate of a blob in bytes per second, and over how long it is measured.
    public var leastRate = 1024
    public var rateWindow = Duration.seconds(30)
    /// How often something is tried at the last place that has it. At others it is tried once, or twice if an answer broke off.
    public var attempts = 5
    /// The wait after a first failure; it doubles with each further one.
    public var firstWait = Duration.milliseconds(500)
    /// The longest wait before another attempt. A registry that asks for a longer one ends the operation.
    public var longestWait = Duration.seconds(60)
    /// The length of a manifest or an index in bytes. Registries take no more than 4 MiB.
    public var documentBytes = 4 << 20
    /// Pages of a list, and the length of one in bytes.
    public var pages = 500
    public var pageBytes = 8 << 20
    /// Tags of a repository. In one whose images are signed most of them are signatures.
    public var tags = 200_000
    /// What may refer to one image: signatures, attestations, lists of contents.
    public var referrers = 100
    /// Connections to one host at a time.
    public var connectionsPerHost = 8

    /// The limits that suit everybody.
    public init() {}
}
