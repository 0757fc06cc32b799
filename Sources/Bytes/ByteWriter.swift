/// Appends fields to a growing array of bytes.
public struct ByteWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer with room for `capacity` bytes.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// How many bytes have been written.
    public var count: Int { bytes.count }

    /// Appends `value` in network byte order.
    public mutating func bigEndian<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends `value`, least significant byte first.
    public mutating func littleEndian<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Appends bytes as they are.
    public mutating func append(contentsOf other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// Appends `count` zeros; nothing when `count` is not positive.
    public mutating func zeros(_ count: Int) {
        if count > 0 { bytes.append(contentsOf: repeatElement(0, count: count)) }
    }

    /// Appends zeros until the length is a multiple of `alignment`.
    public mutating func pad(to alignment: Int) { zeros(bytes.count.padding(to: alignment)) }
}

extension BinaryInteger {
    /// How much is missing to the next multiple of `alignment`, which must be positive.
    public func padding(to alignment: Self) -> Self { (alignment - self % alignment) % alignment }
}
