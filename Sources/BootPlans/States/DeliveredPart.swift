/// A part of an asset that has been sent.
public struct DeliveredPart: Hashable, Sendable {
    /// The asset's path, as ``BootNames`` writes it.
    public var path: String
    /// Which of its bytes.
    public var range: Range<UInt64>
    /// How many bytes the asset has.
    public var length: UInt64

    /// A part of an asset.
    public init(path: String, range: Range<UInt64>, length: UInt64) {
        self.path = path
        self.range = range
        self.length = length
    }
}
