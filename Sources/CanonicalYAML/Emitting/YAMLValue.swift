/// A value that YAML can spell.
///
/// Text is kept as bytes, because `String` compares by canonical equivalence and cannot hold what is not UTF-8.
///
/// A value may be nested as deeply as the document it came from, and releasing it takes stack in proportion: see
/// `decode(_:as:…)`, which gives it that stack. Do not let a value of an untrusted document outlive it.
public indirect enum YAMLValue: Hashable, Sendable {
    /// Nothing.
    case null
    /// A truth value.
    case bool(Bool)
    /// An integer.
    case int(Int64)
    /// An integer that needs 64 bits without a sign.
    case uint(UInt64)
    /// A floating-point number.
    case float(Double)
    /// Text, or bytes that are not.
    case string([UInt8])
    /// A time.
    case timestamp(Timestamp)
    /// A list.
    case sequence([YAMLValue])
    /// Keys and values, in the order in which they are printed. For the order that Go gives a map, see `init(sorting:)`.
    case mapping([Pair])

    /// A key and its value.
    public struct Pair: Hashable, Sendable {
        /// The key.
        public var key: YAMLValue
        /// The value.
        public var value: YAMLValue

        /// A key and its value.
        public init(_ key: YAMLValue, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }

    /// Text.
    public static func text(_ text: String) -> YAMLValue { .string(Array(text.utf8)) }

    /// A mapping with its keys in the order in which go-yaml prints a map.
    public init(sorting pairs: [Pair]) {
        let keys = pairs.map { KeyOrder.Key($0.key) }
        self = .mapping(pairs.indices.sorted { KeyOrder.precedes(keys[$0], keys[$1]) }.map { pairs[$0] })
    }

    /// The value of the first pair of a mapping with this key; nil for anything else.
    public subscript(_ key: String) -> YAMLValue? {
        guard case .mapping(let pairs) = self else { return nil }
        return pairs.first { pair in
            if case .string(let bytes) = pair.key { bytes.elementsEqual(key.utf8) } else { false }
        }?.value
    }

    /// A mapping's pairs.
    public var pairs: [Pair] { if case .mapping(let pairs) = self { pairs } else { [] } }

    /// A list's elements.
    public var elements: [YAMLValue] { if case .sequence(let elements) = self { elements } else { [] } }

    /// A string's bytes.
    public var bytes: [UInt8]? { if case .string(let bytes) = self { bytes } else { nil } }

    /// Whether this is a list or a mapping, which Go cannot use as a key.
    var isCollection: Bool {
        switch self {
        case .sequence, .mapping: true
        default: false
        }
    }
}
