import CanonicalYAML

/// Why a text is no schematic. The description is what Image Factory answers, without the line feed at its end.
public enum SchematicError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text is no YAML, or does not fit the fields of a schematic.
    case undecodable(DecodingFailure)
    /// An owner was set, which only the Enterprise edition of Image Factory allows.
    case ownerNotSupported
    /// The canonical text would be longer than we make one. Image Factory has no limit.
    case tooLarge(limit: Int)

    /// Whether nothing is wrong with the text, and a later attempt may read it.
    public var isTemporary: Bool { self == .undecodable(.noThread) }

    public var description: String {
        switch self {
        case .undecodable(let failure): failure.description
        case .ownerNotSupported: "owner field is only supported in Enterprise edition"
        case .tooLarge(let limit):
            "the canonical form of the schematic is longer than \(limit) bytes; shorten it, or nest overlay options less"
        }
    }
}
