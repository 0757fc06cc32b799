/// A small generator whose numbers depend on its seed alone, so that a failing mutation can be made again (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// A generator that always gives the same numbers for `seed`.
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// Feeds `decode` every truncation of `sample` and `mutations` seeded corruptions of it. A decoder passes by returning or
/// by throwing; what it must never do is trap, which ends the test process.
///
/// - Returns: how many of the inputs were accepted.
@discardableResult
public func exerciseDecoder(
    on sample: [UInt8], mutations: Int = 2000, seed: UInt64 = 1, decode: (ArraySlice<UInt8>) throws -> Void
) -> Int {
    var accepted = 0
    func attempt(_ bytes: ArraySlice<UInt8>) {
        do {
            try decode(bytes)
            accepted += 1
        } catch {
            // A named error is the other good answer.
        }
    }
    for length in 0...sample.count { attempt(sample.prefix(length)) }
    guard !sample.isEmpty else { return accepted }
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<mutations {
        var bytes = sample
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let index = Int.random(in: bytes.indices, using: &generator)
            switch UInt8.random(in: 0..<5, using: &generator) {
            case 0: bytes[index] = .random(in: .min ... .max, using: &generator)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes[index] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &generator) ?? 0
            case 3: bytes.insert(.random(in: .min ... .max, using: &generator), at: index)
            default: if bytes.count > 1 { bytes.remove(at: index) }
            }
        }
        // An offset slice, because a decoder that subscripts from zero is right only by luck.
        let padded: [UInt8] = [0xaa, 0xbb] + bytes
        attempt(padded[2...])
    }
    return accepted
}
