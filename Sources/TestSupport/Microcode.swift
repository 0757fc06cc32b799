import Bytes

/// Files of the shape of processor microcode, with nothing in them that a processor would take.
enum Microcode {
    /// One Intel update: the 48-byte header and 2000 bytes of data, all 32-bit words summing to zero (Intel's Software
    /// Developer's Manual, volume 3, "Microcode Update").
    static func intel(signature: UInt32) -> [UInt8] {
        var data = DeterministicBytes(seed: UInt64(signature))
        var words: [UInt32] = [1, 0x42, 0x0101_2024, signature, 0, 1, 1, 2000, 2048, 0, 0, 0]
        for _ in 0..<500 { words.append(UInt32(truncatingIfNeeded: data.next())) }
        words[4] = 0 &- words.reduce(0, &+)
        var writer = ByteWriter(capacity: 2048)
        for word in words { writer.littleEndian(word) }
        return writer.bytes
    }

    /// An AMD container: magic, an equivalence table with one entry and its end, one patch (Linux,
    /// Documentation/arch/x86/microcode.rst names the files).
    static func amd(family: UInt8) -> [UInt8] {
        var data = DeterministicBytes(seed: UInt64(family))
        var writer = ByteWriter(capacity: 1100)
        writer.littleEndian(UInt32(0x0041_4d44))
        writer.littleEndian(UInt32(0))
        writer.littleEndian(UInt32(32))
        for word in [UInt32(0x0080_0f11), 0, 0, 0x8011, 0, 0, 0, 0] { writer.littleEndian(word) }
        writer.littleEndian(UInt32(1))
        writer.littleEndian(UInt32(1024))
        for _ in 0..<128 { writer.littleEndian(data.next()) }
        return writer.bytes
    }
}

/// An endless row of numbers that is the same in each run (SplitMix64).
struct DeterministicBytes: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    /// `count` bytes of which about half compress, as programs do.
    mutating func program(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 64)
        var recent: [UInt64] = (0..<64).map { _ in next() }
        while bytes.count < count {
            let draw = next()
            // One word in two is one of the last 64, so that dictionaries find something.
            let word = draw & 1 == 0 ? recent[Int(draw >> 8 & 63)] : next()
            recent[Int(draw >> 16 & 63)] = word
            withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }
}
