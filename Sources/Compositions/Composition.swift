import Bytes
import Digests

/// An asset as an ordered list of immutable segments: nothing is joined, copied or moved to make it, and its length, its
/// tag and any range of it are known before a byte is read.
public struct Composition: Hashable, Sendable {
    /// The segments in order, none of them empty; what is one run of a file, or of zeros, is one segment.
    public let segments: [Segment]
    /// The length of the whole in bytes.
    public let length: UInt64
    /// Names the content: equal tags mean equal bytes. It is a digest over the segments' digests, ranges and lengths, not
    /// over the bytes themselves, so that it needs no pass over them.
    public let tag: Digest

    /// As many bytes as a file can have, and as HTTP and the kernel count; what lies past it is left out.
    private static let longest = UInt64(Int64.max)

    // Where each segment begins, for finding a range by bisection.
    private let offsets: [UInt64]

    /// Joins `segments` in order.
    public init(_ segments: some Sequence<Segment>) {
        var joined: [Segment] = []
        var length: UInt64 = 0
        for segment in segments {
            let segment = segment.part(0..<(Self.longest - length))
            guard segment.length > 0 else { continue }
            length += segment.length
            if let whole = joined.last?.joined(with: segment) {
                joined[joined.count - 1] = whole
            } else {
                joined.append(segment)
            }
        }
        self.segments = joined
        self.length = length
        var offsets: [UInt64] = []
        var offset: UInt64 = 0
        var hasher = SHA256Hasher()
        for segment in joined {
            offsets.append(offset)
            offset += segment.length
            hasher.update(segment.frame)
        }
        self.offsets = offsets
        tag = hasher.finalize()
    }

    /// Joins `compositions` in order.
    public init(joining compositions: [Composition]) { self.init(compositions.lazy.flatMap(\.segments)) }

    /// The files that hold parts of it, each once.
    public var files: [StoredFile] {
        var seen: Set<StoredFile> = []
        return segments.compactMap { segment in
            switch segment {
            case .file(let file, _): seen.insert(file).inserted ? file : nil
            case .bytes, .zeros: nil
            }
        }
    }

    /// The index of the segment that holds the byte at `offset`; 0 when there are none, and the last one past the end.
    func index(at offset: UInt64) -> Int {
        // The last segment that begins at or before the offset.
        var low = 0
        var high = offsets.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if offsets[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Where the segment at `index` lies in the whole.
    func range(at index: Int) -> Range<UInt64> { offsets[index]..<(offsets[index] + segments[index].length) }

    /// The segments, or parts of them, that make up `range`, in order; what lies past the end is left out.
    public func segments(in range: Range<UInt64>) -> [Segment] {
        let range = range.clamped(to: 0..<length)
        guard !range.isEmpty else { return [] }
        var parts: [Segment] = []
        for index in index(at: range.lowerBound)..<segments.count {
            let start = offsets[index]
            guard start < range.upperBound else { break }
            parts.append(segments[index].part((max(range.lowerBound, start) - start)..<(range.upperBound - start)))
        }
        return parts
    }
}

extension Segment {
    /// What goes into the tag. Whole files and bytes begin with their length, and all else with a length that nothing has, so
    /// that no list of segments can be taken for another one.
    fileprivate var frame: [UInt8] {
        var frame = ByteWriter(capacity: 64)
        switch self {
        case .file(let file, let range) where range == 0..<file.length:
            frame.bigEndian(length)
            frame.append(contentsOf: file.digest.bytes)
        case .file(let file, let range):
            frame.bigEndian(UInt64.max)
            frame.append(1)
            frame.bigEndian(range.lowerBound)
            frame.bigEndian(range.upperBound)
            frame.append(contentsOf: file.digest.bytes)
        case .bytes(let bytes):
            frame.bigEndian(length)
            frame.append(contentsOf: Digest.of(bytes).bytes)
        case .zeros(let count):
            frame.bigEndian(UInt64.max)
            frame.append(2)
            frame.bigEndian(count)
        }
        return frame.bytes
    }
}
