import Glibc
import HTTPTypes
import Synchronization

/// The ID that a request has in its answer and in the log.
enum RequestIdentifier {
    /// The header that it comes and goes in.
    static let header = HTTPField.Name("X-Request-ID")
    /// Longer ones are not an ID but a load.
    private static let maximumLength = 256

    /// The client's own, as it is, where it can stand in a header and a log line; else a new UUID of version 4 (RFC 9562 §5.4).
    static func of(_ headers: HTTPFields) -> String {
        if let header, let own = headers[fields: header].first?.value, isUsable(own) { return own }
        return random()
    }

    private static func isUsable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= maximumLength
            && text.utf8.allSatisfy { (UInt8(ascii: " ")...UInt8(ascii: "~")).contains($0) }
    }

    private static let randomness = Mutex(RandomSupply())

    private static func random() -> String {
        let (first, second) = randomness.withLock { ($0.next(), $0.next()) }
        let high = first & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = second & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: 36) { text in
            var position = 0
            for digit in 0..<32 {
                if digit == 8 || digit == 12 || digit == 16 || digit == 20 {
                    text[position] = UInt8(ascii: "-")
                    position += 1
                }
                let value = (digit < 16 ? high : low) >> UInt64(60 - 4 * (digit & 15)) & 15
                text[position] = digits.utf8Start[Int(value)]
                position += 1
            }
            return position
        }
    }
}

/// Random numbers from the system, fetched some at a time: a call for each costs more than the rest of an ID.
private struct RandomSupply: RandomNumberGenerator {
    /// As many as the system gives at once (getentropy(3)).
    private static let count = 256 / MemoryLayout<UInt64>.size
    private var numbers: [UInt64] = []

    mutating func next() -> UInt64 {
        if numbers.isEmpty { fill() }
        return numbers.popLast() ?? SystemRandomNumberGenerator.one()
    }

    private mutating func fill() {
        numbers = Array(unsafeUninitializedCapacity: Self.count) { buffer, count in
            let size = Self.count * MemoryLayout<UInt64>.size
            count = buffer.baseAddress.map { getentropy($0, size) } == 0 ? Self.count : 0
        }
    }
}

extension SystemRandomNumberGenerator {
    fileprivate static func one() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
