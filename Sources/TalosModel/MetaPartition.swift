import Bytes
import Digests

/// The contents of a META partition ("ADV"): two equal copies of one block.
///
/// ```
/// block, 256 KiB, integers big-endian
///        0  5a 4b 3c 2d
///        4  entries: tag (4 bytes), length (4), value; then a zero tag
///   262108  SHA-256 of the block with these 32 bytes zero
///   262140  a5 b4 c3 d2
/// ```
public enum MetaPartition {
    /// The size of the whole partition, of which the two blocks take the first half.
    public static let size = 1 << 20
    static let blockSize = 262_144
    private static let checksumOffset = blockSize - 36

    /// The first 512 KiB of the partition. A later value replaces an earlier one of the same key.
    ///
    /// A disk image without values has no block at all but zeros; callers leave the partition alone then.
    public static func encode(_ entries: [MetaEntry]) throws(MetaPartitionError) -> [UInt8] {
        var distinct: [MetaEntry] = []
        for entry in entries {
            if let index = distinct.firstIndex(where: { $0.key == entry.key }) {
                distinct[index] = entry
            } else {
                distinct.append(entry)
            }
        }
        // Talos counts 20 bytes beside the checksum, more than it then writes; what it refuses, we refuse.
        let capacity = blockSize - 20 - 32
        let needed = distinct.reduce(0) { $0 + 8 + $1.value.count }
        guard needed <= capacity else { throw MetaPartitionError(needed: needed, capacity: capacity) }

        var writer = ByteWriter(capacity: blockSize)
        writer.append(contentsOf: [0x5a, 0x4b, 0x3c, 0x2d])
        for entry in distinct {
            writer.bigEndian(UInt32(entry.key))
            writer.bigEndian(UInt32(truncatingIfNeeded: entry.value.count))
            writer.append(contentsOf: entry.value)
        }
        writer.zeros(checksumOffset + 32 - writer.count)
        writer.append(contentsOf: [0xa5, 0xb4, 0xc3, 0xd2])
        var block = writer.bytes
        block.replaceSubrange(checksumOffset..<checksumOffset + 32, with: Digest.of(block).bytes)
        return block + block
    }
}

/// META values that do not fit their partition.
public struct MetaPartitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes that the values take, with 8 more for each.
    public let needed: Int
    /// The bytes that there are.
    public let capacity: Int

    /// How much there is, how much fits, and what to do.
    public var description: String {
        "the META values take \(needed) bytes and the partition holds \(capacity); shorten or remove some"
    }
}
