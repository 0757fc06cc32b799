/// Reads fields from a slice of untrusted bytes, front to back, and never traps.
///
/// Every read names its field, so that an error says what was cut off and where.
public struct ByteReader: Sendable {
    /// What has not been read yet.
    public private(set) var remaining: ArraySlice<UInt8>
    private let start: Int

    /// A reader over `bytes`; positions are counted from their beginning.
    public init(_ bytes: ArraySlice<UInt8>) {
        remaining = bytes
        start = bytes.startIndex
    }

    /// A reader over the whole of `bytes`.
    public init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    /// How many bytes have been read.
    public var position: Int { remaining.startIndex - start }

    /// Whether nothing is left.
    public var isAtEnd: Bool { remaining.isEmpty }

    /// The next `count` bytes.
    public mutating func bytes(_ field: String, count: Int) throws(TruncationError) -> ArraySlice<UInt8> {
        guard count >= 0, remaining.count >= count else {
            throw TruncationError(field: field, position: position, needed: count, available: remaining.count)
        }
        let end = remaining.startIndex + count
        defer { remaining = remaining[end...] }
        return remaining[..<end]
    }

    /// The next unsigned integer, in network byte order.
    public mutating func bigEndian<T: FixedWidthInteger & UnsignedInteger>(
        _ field: String, as type: T.Type = T.self
    ) throws(TruncationError) -> T {
        try bytes(field, count: MemoryLayout<T>.size).reduce(T.zero) { $0 << 8 | T(truncatingIfNeeded: $1) }
    }

    /// The next unsigned integer, least significant byte first.
    public mutating func littleEndian<T: FixedWidthInteger & UnsignedInteger>(
        _ field: String, as type: T.Type = T.self
    ) throws(TruncationError) -> T {
        try bytes(field, count: MemoryLayout<T>.size).reversed().reduce(T.zero) {
            $0 << 8 | T(truncatingIfNeeded: $1)
        }
    }

    /// The next byte.
    public mutating func byte(_ field: String) throws(TruncationError) -> UInt8 { try bigEndian(field) }
}

/// Input that ended before a field did.
public struct TruncationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The field that was being read.
    public var field: String
    /// Where the field begins, in bytes.
    public var position: Int
    /// How many bytes the field has.
    public var needed: Int
    /// How many there were.
    public var available: Int

    /// Names a field that did not fit.
    public init(field: String, position: Int, needed: Int, available: Int) {
        self.field = field
        self.position = position
        self.needed = needed
        self.available = available
    }

    public var description: String {
        "\(field) at byte \(position) needs \(needed) bytes, and \(available) are left"
    }
}
