import CLZMA

/// A zstd frame or an xz stream that holds bytes as they are, behind a head that can be chosen late. The content is a run of
/// blocks that lies ready in a file and serves in any number of frames, each with a head of its own:
///
///     opening: the frame's header, the head in blocks | the run: the content in blocks | closing: what ends the frame
///
/// Sources: RFC 8878 §3.1.1 (zstd's raw blocks); The .xz File Format 1.2.1, sections 2 to 4, and LZMA2's uncompressed chunks.
public enum StoredFraming: Hashable, Sendable {
    /// One frame: no checksum, no content size, a window of 128 KiB.
    case zstd
    /// One stream of two blocks, each with a CRC-32.
    case xz

    /// How many bytes of content a block has at most: of zstd's blocks, of LZMA2's chunks.
    var blockSize: UInt64 {
        switch self {
        case .zstd: 128 << 10
        case .xz: 64 << 10
        }
    }

    /// What stands before the run: the beginning of a frame, with `head` in it.
    public func opening(_ head: [UInt8]) -> [UInt8] {
        switch self {
        case .zstd:
            // Magic number; descriptor without any option; window descriptor, exponent 7 and mantissa 0.
            var bytes: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
            for start in stride(from: 0, to: head.count, by: Int(blockSize)) {
                let block = head[start..<min(start + Int(blockSize), head.count)]
                bytes += Self.rawBlockHeader(UInt64(block.count), isLast: false) + block
            }
            return bytes
        case .xz:
            var bytes = XZParts.streamHeader
            let run = StoredRun(self, length: UInt64(head.count))
            head.withUnsafeBytes { run.write($0) { bytes += $0 } }
            run.finish { bytes += $0 }
            return bytes
        }
    }

    /// How long the run for `length` bytes of content is.
    public func runLength(_ length: UInt64) -> UInt64 {
        let blocks = length / blockSize + (length.isMultiple(of: blockSize) ? 0 : 1)
        switch self {
        // There is always a last block.
        case .zstd: return length + 3 * max(1, blocks)
        case .xz:
            let unpadded = XZParts.unpaddedLength(length)
            return unpadded + (unpadded.isMultiple(of: 4) ? 0 : 4 - unpadded % 4)
        }
    }

    /// What stands behind the run for `length` bytes of content, in a frame with a head of `head` bytes.
    public func closing(head: Int, _ length: UInt64) -> [UInt8] {
        switch self {
        case .zstd: []
        case .xz: XZParts.end(of: [UInt64(head), length])
        }
    }

    static func rawBlockHeader(_ size: UInt64, isLast: Bool) -> [UInt8] {
        let value = size << 3 | (isLast ? 1 : 0)
        return [
            UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8),
            UInt8(truncatingIfNeeded: value >> 16),
        ]
    }
}

/// Writes the run of a ``StoredFraming``, as the content comes by.
public final class StoredRun {
    private let framing: StoredFraming
    /// How much content was announced and has not come yet.
    private var left: UInt64
    /// How much of the current block has not come yet.
    private var leftInBlock: UInt64 = 0
    private var isFirst = true
    private var crc: UInt32 = 0
    private let length: UInt64

    /// A run for `length` bytes of content.
    public init(_ framing: StoredFraming, length: UInt64) {
        self.framing = framing
        self.length = length
        left = length
    }

    /// Takes the next bytes of the content; what comes past its length is left out.
    public func write(
        _ bytes: UnsafeRawBufferPointer, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        var rest = UnsafeRawBufferPointer(rebasing: bytes.prefix(Int(clamping: left)))
        while !rest.isEmpty {
            if leftInBlock == 0 { try begin(to: sink) }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(clamping: leftInBlock)))
            if framing == .xz {
                crc = lzma_crc32(part.assumingMemoryBound(to: UInt8.self).baseAddress, part.count, crc)
            }
            try sink(part)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            left -= UInt64(part.count)
            leftInBlock -= UInt64(part.count)
        }
    }

    /// Ends the run. Content that did not come is zeros.
    public func finish(to sink: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let zeros = [UInt8](repeating: 0, count: Int(min(left, framing.blockSize)))
        while left > 0 { try zeros.withUnsafeBytes { try write($0, to: sink) } }
        if isFirst { try begin(to: sink) }
        guard framing == .xz else { return }
        let unpadded = XZParts.unpaddedLength(length)
        let padding = (4 - unpadded % 4) % 4
        try ([0] + [UInt8](repeating: 0, count: Int(padding)) + XZParts.littleEndian(crc)).withUnsafeBytes(sink)
    }

    /// Writes what begins the next block, and before the first one what begins the run.
    private func begin(to sink: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        leftInBlock = min(left, framing.blockSize)
        var bytes: [UInt8] = []
        switch framing {
        case .zstd: bytes = StoredFraming.rawBlockHeader(leftInBlock, isLast: leftInBlock == left)
        case .xz:
            if isFirst { bytes = XZParts.blockHeader }
            // The first chunk resets the dictionary.
            if leftInBlock > 0 {
                let size = UInt16(truncatingIfNeeded: leftInBlock - 1)
                bytes += [isFirst ? 0x01 : 0x02, UInt8(size >> 8), UInt8(size & 0xff)]
            }
        }
        isFirst = false
        try bytes.withUnsafeBytes(sink)
    }
}

/// The parts of an xz stream around stored blocks (The .xz File Format 1.2.1).
private enum XZParts {
    /// Stream flags: CRC-32 as check (section 2.1.1.2).
    private static let flags: [UInt8] = [0x00, 0x01]

    /// Section 2.1.1.
    static let streamHeader: [UInt8] = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] + flags + crc32(flags)

    /// Section 3.1: twelve bytes, no sizes, one filter: LZMA2 with a dictionary of 64 KiB.
    static let blockHeader: [UInt8] = {
        let fields: [UInt8] = [0x02, 0x00, 0x21, 0x01, 0x08, 0, 0, 0]
        return fields + crc32(fields)
    }()

    /// The "unpadded size" of a block with `length` bytes of content: header, chunks and their end mark, check (section 4.3).
    static func unpaddedLength(_ length: UInt64) -> UInt64 {
        let size = StoredFraming.xz.blockSize
        let chunks = length / size + (length.isMultiple(of: size) ? 0 : 1)
        return UInt64(blockHeader.count) + length + 3 * chunks + 1 + 4
    }

    /// The index and the footer of a stream whose blocks have contents of these lengths (sections 4 and 2.1.2).
    static func end(of lengths: [UInt64]) -> [UInt8] {
        var index: [UInt8] = [0x00] + integer(UInt64(lengths.count))
        for length in lengths { index += integer(unpaddedLength(length)) + integer(length) }
        index += [UInt8](repeating: 0, count: (4 - index.count % 4) % 4)
        index += crc32(index)
        let fields = littleEndian(UInt32(truncatingIfNeeded: index.count / 4 - 1)) + flags
        return index + crc32(fields) + fields + Array("YZ".utf8)
    }

    /// Seven bits to a byte, the least significant first (section 1.2).
    private static func integer(_ value: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(truncatingIfNeeded: rest)]
    }

    static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func crc32(_ bytes: [UInt8]) -> [UInt8] { littleEndian(lzma_crc32(bytes, bytes.count, 0)) }
}
