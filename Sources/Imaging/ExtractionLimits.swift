/// How much of an extension's image is taken in, and how much is made of it. What an image claims to be is not to be
/// trusted: a megabyte can unpack to a terabyte.
public struct ExtractionLimits: Hashable, Sendable {
    /// The most content in bytes: of all files and layers together, and again of each thing that is made of them. Every
    /// name counts with its file's whole length, since links may become copies. The default is 8 GiB.
    public var contentLength: UInt64 = 8 << 30
    /// The most entries of all layers together, and the most files and directories that come of them. The default is
    /// 1,000,000.
    public var entries = 1_000_000
    /// The longest path in bytes. The default is 4096.
    public var pathLength = 4096
    /// The most bytes of paths, link targets and labels together; they are held in memory. The default is 128 MiB.
    public var textLength: UInt64 = 128 << 20
    /// The most components in a path. The default is 128.
    public var depth = 128
    /// The most bytes of the lists of a kernel's modules together. Those of a release have about 3 MiB. The default is
    /// 256 MiB.
    public var moduleListsLength: UInt64 = 256 << 20
    /// The most bytes of what extensions say of themselves, all layers of an initramfs together: a manifest is written out
    /// for each. The default is 4 MiB.
    public var descriptionsLength: UInt64 = 4 << 20

    /// The defaults.
    public init() {}
}
