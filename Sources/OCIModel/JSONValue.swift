/// A JSON value, with its members in the order they were written.
///
/// OCI documents come from strangers, so the reader behind `init(decoding:limits:)` bounds their size, depth and number
/// of values, and refuses a name that occurs twice: readers disagree about which of the two counts, and a document that
/// two programs read differently must not be signed by one and used by the other.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, as it was written.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    /// A name and its value in an object.
    public struct Member: Hashable, Sendable {
        /// The name.
        public var name: String
        /// The value.
        public var value: JSONValue

        /// Pairs a name with a value.
        public init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An object of `members`, leaving out those without a value.
    public static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { name, value in value.map { Member(name, $0) } })
    }

    /// The value of the member `name` of an object; nil for other values and where there is none.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// How much JSON is read before it counts as an attack.
public struct JSONLimits: Hashable, Sendable {
    /// The length of the text in bytes. The default is 4 MiB, as registries take for a manifest.
    public var maximumBytes: Int
    /// How deep lists and objects may nest. The default is 32; image documents need 5.
    public var maximumDepth: Int
    /// How many values the text may hold. The default is 200 000.
    public var maximumValues: Int

    /// The limits for image documents.
    public static let standard = JSONLimits()

    /// Limits.
    public init(maximumBytes: Int = 4 << 20, maximumDepth: Int = 32, maximumValues: Int = 200_000) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
        self.maximumValues = maximumValues
    }
}

/// Text that is not JSON (RFC 8259), or more of it than the limits allow.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the fault is, in bytes from the beginning.
    public var position: Int
    /// What is wrong.
    public var reason: String

    public var description: String { "at byte \(position): \(reason)" }
}
