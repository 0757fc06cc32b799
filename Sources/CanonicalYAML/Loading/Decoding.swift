/// A decoded character and how many bytes it took.
typealias DecodedCharacter = (value: UInt32, length: Int)

/// Decodes the first character of `bytes`, strictly (RFC 3629).
///
/// - Returns: nil if it is cut off and more bytes may come.
func decodeUTF8(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws(LoadError) -> DecodedCharacter? {
    guard let lead = bytes.first else { return nil }
    let length: Int
    var value: UInt32
    switch lead {
    case 0..<0x80: return (UInt32(lead), 1)
    case 0xC0..<0xE0: (length, value) = (2, UInt32(lead & 0x1F))
    case 0xE0..<0xF0: (length, value) = (3, UInt32(lead & 0x0F))
    case 0xF0..<0xF8: (length, value) = (4, UInt32(lead & 0x07))
    default: throw .reading("invalid leading UTF-8 octet (value: \(lead))")
    }
    guard bytes.count >= length else {
        if isLast { throw .reading("incomplete UTF-8 octet sequence") }
        return nil
    }
    for octet in bytes.dropFirst().prefix(length - 1) {
        guard octet & 0xC0 == 0x80 else { throw .reading("invalid trailing UTF-8 octet (value: \(octet))") }
        value = value << 6 | UInt32(octet & 0x3F)
    }
    let shortest: UInt32 = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000
    guard value >= shortest else { throw .reading("invalid length of a UTF-8 sequence") }
    guard Unicode.Scalar(value) != nil else { throw .reading("invalid Unicode character (value: \(value))") }
    return (value, length)
}

/// Decodes the first character of `bytes`, one unit or a pair of surrogates (RFC 2781).
///
/// - Parameter lowByte: the place of a unit's low byte, 0 or 1.
/// - Returns: nil if it is cut off and more bytes may come.
func decodeUTF16(_ bytes: ArraySlice<UInt8>, lowByte: Int, isLast: Bool) throws(LoadError) -> DecodedCharacter? {
    func unit(at offset: Int) -> UInt32 {
        let start = bytes.startIndex + offset
        return UInt32(bytes[start + lowByte]) | UInt32(bytes[start + 1 - lowByte]) << 8
    }
    guard bytes.count >= 2 else {
        if isLast { throw .reading("incomplete UTF-16 character") }
        return nil
    }
    let high = unit(at: 0)
    switch high & 0xFC00 {
    case 0xDC00:
        throw .reading("unexpected low surrogate area (value: \(high))")
    case 0xD800:
        guard bytes.count >= 4 else {
            if isLast { throw .reading("incomplete UTF-16 surrogate pair") }
            return nil
        }
        let low = unit(at: 2)
        guard low & 0xFC00 == 0xDC00 else { throw .reading("expected low surrogate area (value: \(low))") }
        return (0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF), 4)
    default:
        return (high, 2)
    }
}

extension LoadError {
    /// A fault in the bytes, whose place go-yaml does not tell.
    static func reading(_ message: String) -> LoadError {
        LoadError(stage: .reader, message: message)
    }
}
