import CanonicalYAML

/// A mapping of a configuration file that another reader reads by a grammar of its own, a dialect of YAML: an inline
/// schematic, which means what Image Factory's YAML makes of its text.
///
/// libyaml only has to find where it ends. Where it cannot, because the dialects differ, the other grammar tells.
public struct ForeignPart: Sendable {
    /// Whether the mapping at a path is such a part. A path has the keys that lead to it, and nil for the items of lists.
    public typealias Rule = (_ path: [String?]) -> Bool

    public var path: [String?]
    public var position: TextPosition
    /// Where it begins in the bytes.
    var start: Int

    /// What the other grammar has against the part.
    public struct Fault: Error {
        public var part: ForeignPart
        public var error: LoadError
    }

    /// The bytes that the part takes, by its own grammar.
    func range(in bytes: [UInt8]) throws(Fault) -> Range<Int>? {
        let rest = Array(bytes[start...])
        do {
            return try lengthOfFirstNode(of: rest, startingAt: Position(position)).map { start..<start + $0 }
        } catch {
            // A bracket that is never closed reaches into what follows. By indentation the part ends earlier, and what is
            // wrong with that much is told as if it were a file.
            let text = Array(rest[..<indentedLength(of: rest)])
            do { _ = try composeFirstDocument(of: text, startingAt: Position(position)) } catch {
                throw Fault(part: self, error: error)
            }
            throw Fault(part: self, error: error)
        }
    }

    /// How many bytes there are before a line that is indented less; all of them for a part in brackets.
    private func indentedLength(of rest: [UInt8]) -> Int {
        guard rest.first != UInt8(ascii: "{") else { return rest.count }
        var lineStart = 0
        while let end = rest[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
            lineStart = end + 1
            let content = rest[lineStart...].firstIndex { $0 != UInt8(ascii: " ") } ?? rest.count
            guard content < rest.count else { break }
            let isEmpty = [UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#")].contains(rest[content])
            if !isEmpty, content - lineStart + 1 < position.column { return lineStart }
        }
        return rest.count
    }
}

extension Position {
    public init(_ position: TextPosition) { self.init(line: position.line, column: position.column) }
}

extension TextPosition {
    public init(_ position: Position) { self.init(line: position.line, column: position.column) }
}

extension ConfigurationLoader {
    /// How often a text is read anew without a part that libyaml does not understand. Each time costs the whole file.
    private static let retries = 16

    /// Why a text cannot be read.
    public enum Failure: Error {
        case syntax(ConfigurationSyntaxError)
        case part(ForeignPart.Fault)
    }

    /// Reads the one document of a text.
    ///
    /// - Parameter isForeign: Which mappings another reader reads by its own grammar. Their places are right, their
    ///   contents may be anything.
    /// - Returns: nil when the text has no document: it is empty, or holds comments only.
    public static func load(
        _ bytes: [UInt8], limits: ConfigurationLimits = .init(), isForeign: @escaping ForeignPart.Rule = { _ in false }
    ) throws(Failure) -> ConfigurationNode? {
        var text = bytes
        var covered = 0
        while true {
            do {
                return try loadOnce(text, limits: limits, isForeign: isForeign)
            } catch {
                guard let part = error.part, covered < retries else { throw .syntax(error) }
                let range: Range<Int>?
                do { range = try part.range(in: bytes) } catch { throw .part(error) }
                guard let range, text.cover(range) else { throw .syntax(error) }
                covered += 1
            }
        }
    }
}

extension [UInt8] {
    /// Puts a mapping of as many bytes, characters and lines in the place of another.
    ///
    /// - Returns: false when that changes nothing.
    fileprivate mutating func cover(_ range: Range<Int>) -> Bool {
        guard range.count >= 4 else { return false }
        let before = self[range]
        for index in range
        where self[index] < 0x80 && self[index] != UInt8(ascii: "\n") && self[index] != UInt8(ascii: "\r") {
            self[index] = UInt8(ascii: " ")
        }
        replaceSubrange(range.prefix(2), with: "{'".utf8)
        replaceSubrange(range.suffix(2), with: "'}".utf8)
        return before != self[range]
    }
}
