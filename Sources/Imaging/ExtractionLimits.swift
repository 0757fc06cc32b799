/// How much of an extension's image is taken in. What an image claims to be is not to be trusted: a megabyte can unpack to
/// a terabyte.
public struct ExtractionLimits: Hashable, Sendable {
    /// The most content of all files and layers together, in bytes. The default is 8 GiB.
    public var contentLength: UInt64 = 8 << 30
    /// The most entries of all layers together. The default is 1,000,000.
    public var entries = 1_000_000
    /// The longest path in bytes. The default is 4096.
    public var pathLength = 4096
    /// The most components in a path. The default is 128.
    public var depth = 128

    /// The defaults.
    public init() {}
}
