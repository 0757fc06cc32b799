/// What a document, or a part of one, is to be read as: go-yaml takes this from Go types by reflection, and its error texts
/// name them.
public indirect enum Target: Sendable {
    /// Whatever the document holds, `interface {}`.
    case any
    /// Text; any scalar gives the text it was written with.
    case string
    /// A truth value; the words of YAML 1.1 count, in quotes too.
    case bool
    /// An integer of so many bits without a sign, with its Go type.
    case unsigned(bits: Int, type: String)
    /// One of several words.
    case choice(Choice)
    /// A list; null elements are dropped.
    case list(of: Target)
    /// Named fields.
    case record(RecordType)
    /// A mapping from text to anything, `map[string]interface {}`.
    case map

    /// The Go type, for error texts.
    var typeName: String {
        switch self {
        case .any: "interface {}"
        case .string: "string"
        case .bool: "bool"
        case .unsigned(_, let type): type
        case .choice(let choice): choice.name
        case .list(let element): "[]\(element.typeName)"
        case .record(let type): type.name
        case .map: "map[string]interface {}"
        }
    }
}

/// A closed set of words, as an "enumer" type in Go reads them: exactly, else in lower case.
public struct Choice: Sendable {
    /// The Go type with its package, as "imageropts.BootloaderKind".
    public let name: String
    /// The words, in lower case.
    public let words: [String]

    /// A set of words.
    public init(_ name: String, words: [String]) {
        self.name = name
        self.words = words
    }

    /// The word that `text` is.
    func word(for text: [UInt8]) -> String? {
        let lowered = text.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return words.first { $0.utf8.elementsEqual(lowered) }
    }

    /// What is wrong with `text`.
    func complaint(about text: [UInt8]) -> String {
        let type = name.split(separator: ".").last.map(String.init) ?? name
        return "\(String(decodingAsGo: text)) does not belong to \(type) values"
    }
}

/// A struct: the fields that a mapping may have.
public struct RecordType: Sendable {
    /// The Go type with its package, as "schematic.Overlay".
    public let name: String
    /// Fields by name, in the order of the struct.
    public let fields: [(name: String, target: Target)]

    /// A struct.
    public init(_ name: String, fields: [(name: String, target: Target)]) {
        self.name = name
        self.fields = fields
    }

    func index(of name: [UInt8]) -> Int? { fields.firstIndex { $0.name.utf8.elementsEqual(name) } }
}
