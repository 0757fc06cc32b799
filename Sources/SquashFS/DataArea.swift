import Bytes

/// Where a file's content lies.
struct Extent {
    var start: UInt64 = 0
    /// For each block its size in the image, with a bit for "not compressed"; 0 is a block of zeros that takes no room.
    var blockSizes: [UInt32] = []
    var fragment: (index: UInt32, offset: UInt32)?
    /// How many bytes are not stored because they are zeros.
    var sparseBytes: UInt64 = 0
}

/// The data and fragment blocks. Files shorter than a block share blocks, called fragments.
struct DataArea {
    /// Set in a block's size when it is stored as it is.
    static let uncompressed: UInt32 = 1 << 24

    private(set) var position: UInt64
    private(set) var extents: [Int: Extent] = [:]
    private(set) var fragmentTable: [UInt8] = []
    private(set) var fragmentCount = 0

    private let blocksPerBatch: Int
    private let compress: SquashFSPlan.Compress
    private let sink: ([UInt8]) throws -> Void
    private var pending: [(block: [UInt8], owner: Owner)] = []
    private var fragment: [UInt8] = []

    private enum Owner {
        case content(Int, block: Int)
        case fragment
    }

    init(
        start: UInt64, blocksPerBatch: Int, compress: @escaping SquashFSPlan.Compress,
        sink: @escaping ([UInt8]) throws -> Void
    ) {
        position = start
        self.blocksPerBatch = max(1, blocksPerBatch)
        self.compress = compress
        self.sink = sink
    }

    /// Takes a file's content, unless an earlier file had the same.
    mutating func add(
        _ content: SquashFSEntry.Content, path: String, reading read: SquashFSPlan.Read
    ) throws {
        guard extents[content.id] == nil else { return }
        extents[content.id] = Extent()
        let blockSize = SquashFSPlan.blockSize
        let wrongLength = SquashFSError.contentLength(path: path, expected: content.size)
        var length: UInt64 = 0
        var block: [UInt8] = []
        block.reserveCapacity(blockSize)
        try read(content.id) { piece in
            length += UInt64(piece.count)
            guard length <= content.size else { throw wrongLength }
            var rest = piece
            while !rest.isEmpty {
                let part = rest.prefix(blockSize - block.count)
                block.append(contentsOf: part)
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
                if block.count == blockSize {
                    try enqueue(block, of: content.id)
                    block.removeAll(keepingCapacity: true)
                }
            }
        }
        guard length == content.size else { throw wrongLength }
        guard !block.isEmpty else { return }
        guard content.size < UInt64(blockSize) else { return try enqueue(block, of: content.id) }
        if fragment.count + block.count > blockSize { try enqueueFragment() }
        extents[content.id]?.fragment = (UInt32(fragmentCount), UInt32(fragment.count))
        fragment += block
    }

    /// Writes what is left.
    mutating func finish() throws {
        if !fragment.isEmpty { try enqueueFragment() }
        try flush()
    }

    private mutating func enqueue(_ block: [UInt8], of content: Int) throws {
        let index = extents[content]?.blockSizes.count ?? 0
        extents[content]?.blockSizes.append(0)
        if block.allZero {
            extents[content]?.sparseBytes += UInt64(block.count)
            // Where a file of zeros begins does not matter, but it has to be inside of the image.
            if index == 0 { extents[content]?.start = position }
            return
        }
        try enqueue(block, .content(content, block: index))
    }

    private mutating func enqueueFragment() throws {
        let block = fragment
        fragment = []
        fragmentCount += 1
        try enqueue(block, .fragment)
    }

    private mutating func enqueue(_ block: [UInt8], _ owner: Owner) throws {
        pending.append((block, owner))
        if pending.count >= blocksPerBatch { try flush() }
    }

    private mutating func flush() throws {
        let batch = pending
        pending = []
        guard !batch.isEmpty else { return }
        let compressed = try compress(batch.map(\.block))
        guard compressed.count == batch.count else { throw SquashFSError.compressorMismatch }
        for ((block, owner), short) in zip(batch, compressed) {
            var bytes = block
            var size = UInt32(block.count) | Self.uncompressed
            if let short, short.count < block.count { (bytes, size) = (short, UInt32(short.count)) }
            switch owner {
            case .content(let content, let index):
                // The blocks before the first stored one are zeros and take no room.
                if extents[content]?.blockSizes.allSatisfy({ $0 == 0 }) ?? true { extents[content]?.start = position }
                extents[content]?.blockSizes[index] = size
            case .fragment:
                var entry = ByteWriter(capacity: 16)
                entry.littleEndian(position)
                entry.littleEndian(size)
                entry.littleEndian(UInt32(0))
                fragmentTable += entry.bytes
            }
            try sink(bytes)
            position += UInt64(bytes.count)
        }
    }
}

extension [UInt8] {
    fileprivate var allZero: Bool {
        withUnsafeBytes { bytes in
            let words = bytes.count / 8
            for word in 0..<words where bytes.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self) != 0 {
                return false
            }
            return bytes.dropFirst(words * 8).allSatisfy { $0 == 0 }
        }
    }
}
