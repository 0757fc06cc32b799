/// Text by lines, behind `|` or `>`.
extension Scanner {
    private static let blockContext = "while scanning a block scalar"

    /// What becomes of the line breaks at the end.
    private enum Chomping {
        case strip, clip, keep
    }

    mutating func fetchBlockScalar(_ style: Node.Style) throws(LoadError) {
        try removeSimpleKey()
        isSimpleKeyAllowed = true
        let start = reader.mark
        reader.skip()
        let (chomping, increment) = try scanBlockHeader(start)
        try skipRestOfLine(Self.blockContext, from: start)

        // Without a digit, the column is that of the first line with text, or of the deepest blank line before it.
        var column = increment.map { $0 + (indentation >= 0 ? indentation : 1) }
        var content: [UInt8] = []
        var firstBreak: [UInt8] = []
        var otherBreaks: [UInt8] = []
        var wasIndented = false
        var end = try skipBlockIndentation(to: &column, breaks: &otherBreaks, start)
        try reader.require(1)
        while reader.mark.column == column, !reader.current.isEnd {
            // A line that begins with a blank keeps its breaks.
            let isIndented = reader.current.isBlank
            if style == .folded, !wasIndented, !isIndented, firstBreak.first == UInt8(ascii: "\n") {
                if otherBreaks.isEmpty { content.append(UInt8(ascii: " ")) }
            } else {
                content += firstBreak
            }
            content += otherBreaks
            firstBreak.removeAll(keepingCapacity: true)
            otherBreaks.removeAll(keepingCapacity: true)
            wasIndented = isIndented

            try reader.read(into: &content) { !$0.isBreakOrEnd }
            try reader.require(2)
            reader.readLine(into: &firstBreak)
            end = try skipBlockIndentation(to: &column, breaks: &otherBreaks, start)
        }
        if chomping != .strip { content += firstBreak }
        if chomping == .keep { content += otherBreaks }
        queue.append(Token(.scalar(content, style), from: start, to: end))
    }

    /// The `+` or `-` and the digit, in either order.
    private mutating func scanBlockHeader(_ start: Position) throws(LoadError) -> (Chomping, increment: Int?) {
        try reader.require(1)
        if let chomping = scanChomping() {
            try reader.require(1)
            return (chomping, try scanIncrement(start))
        }
        guard let increment = try scanIncrement(start) else { return (.clip, nil) }
        try reader.require(1)
        return (scanChomping() ?? .clip, increment)
    }

    private mutating func scanChomping() -> Chomping? {
        switch reader.current {
        case "+":
            reader.skip()
            return .keep
        case "-":
            reader.skip()
            return .strip
        default:
            return nil
        }
    }

    private mutating func scanIncrement(_ start: Position) throws(LoadError) -> Int? {
        guard reader.current.isDigit else { return nil }
        guard reader.current != "0" else {
            throw failure(Self.blockContext, from: start, "found an indentation indicator equal to 0")
        }
        defer { reader.skip() }
        return Int(reader.current.value - 0x30)
    }

    /// Passes blank lines and the indentation of the next line.
    ///
    /// - Parameter column: the text's column; set if it was not known.
    /// - Returns: where the last blank line ended.
    private mutating func skipBlockIndentation(
        to column: inout Int?, breaks: inout [UInt8], _ start: Position
    ) throws(LoadError) -> Position {
        var end = reader.mark
        var deepest = 0
        while true {
            try reader.require(1)
            while reader.current == " ", isBefore(column) {
                reader.skip()
                try reader.require(1)
            }
            deepest = max(deepest, reader.mark.column)
            if reader.current == "\t", isBefore(column) {
                throw failure(
                    Self.blockContext, from: start,
                    "found a tab character where an indentation space is expected")
            }
            guard reader.current.isBreak else { break }
            try reader.require(2)
            reader.readLine(into: &breaks)
            end = reader.mark
        }
        if column == nil { column = max(deepest, indentation + 1, 1) }
        return end
    }

    private func isBefore(_ column: Int?) -> Bool {
        column.map { reader.mark.column < $0 } ?? true
    }
}
