import Glibc

extension Composition {
    /// Hands the bytes in `range` to `body` in order, in pieces of at most a mebibyte that are valid during the call only.
    ///
    /// One file is open at a time. It has to be what its digest names when it is opened and after each piece that is read of it,
    /// so that `body` gets no other bytes. Blocks.
    ///
    /// - Parameter range: which bytes; all of them if it is nil. What lies past the end is left out.
    /// - Throws: `SegmentError`, or what `body` throws.
    public func read(
        _ range: Range<UInt64>? = nil, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let segments = range.map { self.segments(in: $0) } ?? segments
        try PieceBuffer.withBuffer(for: length) { buffer in
            for segment in segments { try segment.read(by: buffer, body) }
        }
    }
}

extension Segment {
    /// Hands the bytes to `body`, as ``Composition/read(_:_:)`` does.
    public func read(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try PieceBuffer.withBuffer(for: length) { try read(by: $0, body) }
    }

    fileprivate func read(
        by buffer: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard let start = buffer.baseAddress else { return }
        switch self {
        case .bytes(let bytes):
            try bytes.withUnsafeBytes { all in
                for offset in stride(from: 0, to: all.count, by: buffer.count) {
                    try body(UnsafeRawBufferPointer(rebasing: all[offset..<min(offset + buffer.count, all.count)]))
                }
            }
        case .zeros(var left):
            memset(start, 0, buffer.count)
            while left > 0 {
                let count = min(left, UInt64(buffer.count))
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]))
                left -= count
            }
        case .file(let file, var left):
            let opened = try OpenedFile(file)
            while !left.isEmpty {
                let part =
                    left.lowerBound..<(left.lowerBound + min(left.upperBound - left.lowerBound, UInt64(buffer.count)))
                try file.read(part, of: opened.descriptor, to: start)
                try file.check(opened.descriptor)
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<part.count]))
                left = part.upperBound..<left.upperBound
            }
        }
    }
}

private enum PieceBuffer {
    private static let size: UInt64 = 1 << 20

    /// Lends memory for pieces of something of `length` bytes.
    static func withBuffer<Value>(
        for length: UInt64, _ body: (UnsafeMutableRawBufferPointer) throws -> Value
    ) rethrows -> Value {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(max(1, min(length, size))), alignment: 4096)
        defer { buffer.deallocate() }
        return try body(buffer)
    }
}
