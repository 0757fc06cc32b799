/// How many bytes the node takes with which `bytes` begin, without the blanks and comments behind it. What follows it may be
/// something else; a few tokens of it are looked at.
///
/// - Parameter start: the place of the first byte in the text that the bytes are from, for errors.
/// - Returns: nil if there is no collection.
public func lengthOfFirstNode(
    of bytes: [UInt8], startingAt start: Position, limits: LoadLimits = .standard
) throws(LoadError) -> Int? {
    var composer = Composer(bytes, startingAt: start, limits)
    guard let position = try composer.endOfFirstCollection() else { return nil }
    let end = bytes.offset(of: position, from: start)
    // A collection in brackets ends with one; by indentation, it ends with the token before.
    if end < bytes.count, [UInt8(ascii: "]"), UInt8(ascii: "}")].contains(bytes[end]) { return end + 1 }
    return bytes[..<end].lastIndex { !$0.isSpace }.map { $0 + 1 }
}

extension [UInt8] {
    /// Where a place is; the end if it is nowhere.
    fileprivate func offset(of place: Position, from start: Position) -> Int {
        var position = start
        var index = 0
        while index < count, (position.line, position.column) < (place.line, place.column) {
            let (length, isBreak) = character(at: index)
            index += length
            position = isBreak ? Position(line: position.line + 1, column: 1) : position.next
        }
        return index
    }

    private func character(at index: Int) -> (length: Int, isBreak: Bool) {
        switch self[index] {
        case UInt8(ascii: "\r"): return (index + 1 < count && self[index + 1] == UInt8(ascii: "\n") ? 2 : 1, true)
        case let byte where byte < 0x80: return (1, byte == UInt8(ascii: "\n"))
        default:
            let end = self[(index + 1)...].firstIndex { $0 & 0xC0 != 0x80 } ?? count
            let bytes = self[index..<end]
            return (
                bytes.count,
                bytes.elementsEqual([0xC2, 0x85]) || bytes.elementsEqual([0xE2, 0x80, 0xA8])
                    || bytes.elementsEqual([0xE2, 0x80, 0xA9])
            )
        }
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}

extension Position {
    fileprivate var next: Position { Position(line: line, column: column + 1) }
}
