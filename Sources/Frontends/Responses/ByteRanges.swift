/// What a `Range` header asks of a representation of a known length (RFC 9110 §14).
enum ByteRanges: Equatable {
    /// Everything: no header, or one that must be ignored.
    case whole
    /// These parts, in the order asked for.
    case parts([Range<UInt64>])
    /// Nothing that exists: 416.
    case unsatisfiable

    /// More parts than any client needs; a longer list is an attack and is ignored (RFC 9110 §17.15).
    static let maximumParts = 16

    /// Reads a header's value. Units other than `bytes` and malformed lists are ignored, as RFC 9110 §14.2 lets a server do.
    init(header: String?, length: UInt64) {
        self = .whole
        guard let header, header.lowercased().hasPrefix("bytes=") else { return }
        let specifications = header.dropFirst("bytes=".count).split(separator: ",", omittingEmptySubsequences: false)
        guard specifications.count <= Self.maximumParts else { return }
        var parts: [Range<UInt64>] = []
        for specification in specifications {
            let text = specification.trimmingBlanks
            if text.isEmpty { continue }
            let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            guard ends.count == 2 else { return }
            switch (Self.number(ends[0]), Self.number(ends[1])) {
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
        let total = parts.reduce(UInt64(0)) { $0 &+ UInt64($1.count) }
        if parts.isEmpty {
            self = .unsatisfiable
        } else if parts.count == 1 || total <= length {
            self = .parts(parts)
        }
    }

    /// The number, `.some(nil)` for an empty text, nil for anything else. A number too large for 64 bits is past every end.
    private static func number(_ text: Substring) -> UInt64?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return .some(UInt64(text) ?? .max)
    }
}

extension Substring {
    /// Without the spaces and tabs around it.
    var trimmingBlanks: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text = text.dropFirst() }
        while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
        return text
    }
}
