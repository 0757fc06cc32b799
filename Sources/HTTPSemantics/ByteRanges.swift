/// What a `Range` header asks of a representation of a known length (RFC 9110 §14).
public enum ByteRanges: Hashable, Sendable {
    /// Everything: no header, or one that must be ignored.
    case whole
    /// These parts, in the order asked for.
    case parts([Range<UInt64>])
    /// Nothing that exists: 416.
    case unsatisfiable

    /// More parts than any client needs; a longer list is an attack and is ignored (RFC 9110 §17.15).
    public static let maximumParts = 16

    private static let unit: StaticString = "bytes="

    /// Reads a header's value. Units other than `bytes` and malformed lists are ignored, as RFC 9110 §14.2 lets a server do.
    public init(header: String?, length: UInt64) {
        self = .whole
        guard let bytes = header?.utf8, bytes.count >= Self.unit.utf8CodeUnitCount,
            zip(bytes, Self.unit.description.utf8).allSatisfy({ $0.lowercased == $1 })
        else { return }
        let specifications = bytes.dropFirst(Self.unit.utf8CodeUnitCount)
            .split(separator: UInt8(ascii: ","), maxSplits: Self.maximumParts, omittingEmptySubsequences: false)
        guard specifications.count <= Self.maximumParts else { return }
        var parts: [Range<UInt64>] = []
        for specification in specifications {
            let text = specification.trimmingBlanks
            if text.isEmpty { continue }
            guard let dash = text.firstIndex(of: UInt8(ascii: "-")) else { return }
            switch (Self.number(text[..<dash]), Self.number(text[text.index(after: dash)...])) {
            case (.some(let first?), .some(nil)):
                if first < length { parts.append(first..<length) }
            case (.some(let first?), .some(let last?)):
                guard first <= last else { return }
                if first < length { parts.append(first..<(last < length ? last + 1 : length)) }
            case (.some(nil), .some(let suffix?)):
                if suffix > 0, length > 0 { parts.append((length - min(suffix, length))..<length) }
            default:
                return
            }
        }
        // Overlapping parts would let a small request fetch the whole several times over.
        var left = length
        for part in parts {
            let (rest, isTooMuch) = left.subtractingReportingOverflow(part.upperBound - part.lowerBound)
            if isTooMuch { return }
            left = rest
        }
        self = parts.isEmpty ? .unsatisfiable : .parts(parts)
    }

    /// The number, `.some(nil)` for an empty text, nil for anything else. A number too large for 64 bits is past every end.
    private static func number(_ text: Substring.UTF8View) -> UInt64?? {
        if text.isEmpty { return .some(nil) }
        var number: UInt64 = 0
        for digit in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, isTooLong) = number.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = product.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            number = isTooLong || isTooLarge ? .max : sum
        }
        return .some(number)
    }
}

extension UInt8 {
    /// An ASCII letter in lower case; any other byte as it is.
    fileprivate var lowercased: UInt8 { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self }

    /// Whether it is a space or a tab (RFC 9110 §5.6.3).
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension Substring.UTF8View {
    /// Without the spaces and tabs around it.
    var trimmingBlanks: Substring.UTF8View {
        let front = drop(while: \.isBlank)
        guard let last = front.lastIndex(where: { !$0.isBlank }) else { return front }
        return front[...last]
    }
}
