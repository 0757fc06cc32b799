import Bytes

/// A table of records in compressed blocks of 8 KiB. A record is found by a reference: where its block begins, counted from
/// the beginning of the table, and where it begins in the unpacked block. Records may go across blocks.
struct MetadataArea {
    static let blockSize = 8192

    /// The finished blocks, each with its header.
    private(set) var bytes: [UInt8] = []
    /// Where each block begins.
    private(set) var blockOffsets: [Int] = []
    private var block: [UInt8] = []

    /// Where the next block begins.
    var blockStart: UInt32 { UInt32(truncatingIfNeeded: bytes.count) }
    /// Where in the unpacked block the next record begins.
    var offset: UInt16 { UInt16(truncatingIfNeeded: block.count) }
    /// What finds the next record.
    var reference: UInt64 { UInt64(bytes.count) << 16 | UInt64(block.count) }

    mutating func append(_ record: [UInt8], compressing compress: SquashFSPlan.Compress) throws {
        var rest = record[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.blockSize - block.count)
            block += part
            rest = rest.dropFirst(part.count)
            if block.count == Self.blockSize { try flush(compress) }
        }
    }

    mutating func finish(compressing compress: SquashFSPlan.Compress) throws {
        if !block.isEmpty { try flush(compress) }
    }

    private mutating func flush(_ compress: SquashFSPlan.Compress) throws {
        guard bytes.count < UInt32.max / 2 else { throw SquashFSError.tooLarge("bytes of metadata") }
        let compressed = try compress([block])
        guard compressed.count == 1 else { throw SquashFSError.compressorMismatch }
        var writer = ByteWriter(capacity: Self.blockSize + 2)
        if let short = compressed[0], short.count < block.count {
            writer.littleEndian(UInt16(short.count))
            writer.append(contentsOf: short)
        } else {
            // The top bit: stored as it is.
            writer.littleEndian(UInt16(block.count) | 0x8000)
            writer.append(contentsOf: block)
        }
        blockOffsets.append(bytes.count)
        bytes += writer.bytes
        block.removeAll(keepingCapacity: true)
    }
}
