import Bytes
import Digests

/// An asset as an ordered list of immutable segments: nothing is joined, copied or moved to make it, and its length, its
/// tag and any range of it are known before a byte is read.
public struct Composition: Hashable, Sendable {
    /// The segments in order, none of them empty.
    public let segments: [Segment]
    /// The length of the whole in bytes.
    public let length: UInt64
    /// Names the content: equal tags mean equal bytes. It is a digest over the segments' digests and lengths, not over
    /// the bytes themselves, so that it needs no pass over them.
    public let tag: Digest

    // Where each segment begins, for finding a range by bisection.
    private let offsets: [UInt64]

    /// Joins `segments` in order.
    public init(_ segments: [Segment]) {
        self.segments = segments.filter { $0.length > 0 }
        var offsets: [UInt64] = []
        var length: UInt64 = 0
        var hasher = SHA256Hasher()
        for segment in self.segments {
            offsets.append(length)
            length += segment.length
            var frame = ByteWriter(capacity: 40)
            frame.bigEndian(segment.length)
            switch segment {
            case .file(let file): frame.append(contentsOf: file.digest.bytes)
            case .bytes(let bytes): frame.append(contentsOf: Digest.of(bytes).bytes)
            }
            hasher.update(frame.bytes)
        }
        self.offsets = offsets
        self.length = length
        tag = hasher.finalize()
    }

    /// The parts of segments that make up `range`, in order; what lies past the end is left out.
    public func slices(in range: Range<UInt64>) -> [Slice] {
        let range = range.clamped(to: 0..<length)
        guard !range.isEmpty else { return [] }
        // The last segment that begins at or before the range.
        var low = 0
        var high = offsets.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if offsets[middle] <= range.lowerBound { low = middle } else { high = middle }
        }
        var slices: [Slice] = []
        for index in low..<segments.count {
            let start = offsets[index]
            guard start < range.upperBound else { break }
            let whole = start..<(start + segments[index].length)
            let part = whole.clamped(to: range)
            slices.append(Slice(segment: segments[index], range: (part.lowerBound - start)..<(part.upperBound - start)))
        }
        return slices
    }

    /// The whole, as slices.
    public var slices: [Slice] { slices(in: 0..<length) }

    /// A part of one segment.
    public struct Slice: Hashable, Sendable {
        /// The segment.
        public let segment: Segment
        /// Which of the segment's bytes.
        public let range: Range<UInt64>
    }
}
