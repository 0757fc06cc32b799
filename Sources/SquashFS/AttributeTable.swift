import Bytes

/// The extended attributes: lists of pairs, and the table of lists that inodes point into. Equal lists are stored once.
struct AttributeTable {
    /// One record for each list: where its pairs are, how many, how many bytes.
    private(set) var ids: [UInt8] = []
    /// How many lists there are.
    private(set) var count = 0

    private var area = MetadataArea()
    private var known: [[UInt8]: UInt32] = [:]

    var isEmpty: Bool { count == 0 }
    /// The pairs in their blocks.
    var pairs: [UInt8] { area.bytes }

    /// The number of a list, or nil for an empty one.
    mutating func add(
        _ attributes: [String: [UInt8]], compressing compress: SquashFSPlan.Compress
    ) throws -> UInt32? {
        guard !attributes.isEmpty else { return nil }
        var writer = ByteWriter()
        for (name, value) in attributes.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            guard let name = AttributeName(name) else { continue }
            writer.littleEndian(name.namespace)
            writer.littleEndian(UInt16(name.rest.count))
            writer.append(contentsOf: name.rest)
            writer.littleEndian(UInt32(value.count))
            writer.append(contentsOf: value)
        }
        if let id = known[writer.bytes] { return id }
        var record = ByteWriter(capacity: 16)
        record.littleEndian(area.reference)
        record.littleEndian(UInt32(attributes.count))
        record.littleEndian(UInt32(writer.count))
        ids += record.bytes
        try area.append(writer.bytes, compressing: compress)
        let id = UInt32(count)
        count += 1
        known[writer.bytes] = id
        return id
    }

    mutating func finish(compressing compress: SquashFSPlan.Compress) throws {
        try area.finish(compressing: compress)
    }
}
