extension Sequence<UInt8> {
    /// Two lower-case hexadecimal digits for each byte.
    public var hexadecimal: String {
        withContiguousStorageIfAvailable(Self.digits(of:)) ?? Array(self).withUnsafeBufferPointer(Self.digits(of:))
    }

    private static func digits(of bytes: UnsafeBufferPointer<UInt8>) -> String {
        let digits: StaticString = "0123456789abcdef"
        return String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for index in bytes.indices {
                text.initializeElement(at: 2 * index, to: digits.utf8Start[Int(bytes[index] >> 4)])
                text.initializeElement(at: 2 * index + 1, to: digits.utf8Start[Int(bytes[index] & 15)])
            }
            return bytes.count * 2
        }
    }
}

extension Array<UInt8> {
    /// The bytes that `text` spells in pairs of hexadecimal digits of either case, or nil if it spells none.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.map(\.hexadecimalDigit)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self = []
        reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = digits[index], let low = digits[index + 1] else { return nil }
            append(high << 4 | low)
        }
    }
}

extension UInt8 {
    /// The value of this ASCII character as a hexadecimal digit of either case.
    public var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
