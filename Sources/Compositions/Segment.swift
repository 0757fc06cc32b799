/// An immutable run of bytes: of a stored file, of memory, or of zeros.
public enum Segment: Hashable, Sendable {
    /// These bytes of a stored file. Where the file does not have them, reading fails.
    case file(StoredFile, Range<UInt64>)
    /// A few bytes: headers, padding, text.
    case bytes([UInt8])
    /// As many zeros: gaps and padding, which take no memory.
    case zeros(UInt64)

    /// The whole of a stored file.
    public static func file(_ file: StoredFile) -> Segment { .file(file, 0..<file.length) }

    /// How many bytes it has.
    public var length: UInt64 {
        switch self {
        case .file(_, let range): range.upperBound - range.lowerBound
        case .bytes(let bytes): UInt64(bytes.count)
        case .zeros(let count): count
        }
    }

    /// The part that lies in `range`, which is counted from the segment's own beginning; what lies past the end is left out.
    public func part(_ range: Range<UInt64>) -> Segment {
        let range = range.clamped(to: 0..<length)
        guard range != 0..<length else { return self }
        switch self {
        case .file(let file, let whole):
            return .file(file, (whole.lowerBound + range.lowerBound)..<(whole.lowerBound + range.upperBound))
        case .bytes(let bytes): return .bytes(Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        case .zeros: return .zeros(range.upperBound - range.lowerBound)
        }
    }

    /// This segment and the one behind it as one, if they are one run of bytes.
    func joined(with next: Segment) -> Segment? {
        switch (self, next) {
        case (.file(let file, let range), .file(let next, let other))
        where file == next && range.upperBound == other.lowerBound:
            .file(file, range.lowerBound..<other.upperBound)
        case (.zeros(let count), .zeros(let more)): .zeros(count + more)
        case (.file, _), (.bytes, _), (.zeros, _): nil
        }
    }
}
