/// A key as a Go map compares it: by type first, so that `1`, `1.0` and `"1"` are three keys.
enum MapKey: Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    /// Zeros of both signs are one key.
    case float(Double)
    case string([UInt8])
    case timestamp(Timestamp)
    /// A key that equals no other: a NaN, or a time with an offset for which Go makes a new zone each time.
    case unequalled(Int)

    /// The key for a value; nil for a collection, which cannot be one.
    /// - Parameter serial: a number that no other key was given.
    init?(_ value: YAMLValue, serial: Int) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .uint(let number): self = .uint(number)
        case .float(let number): self = number.isNaN ? .unequalled(serial) : .float(number)
        case .string(let bytes): self = .string(bytes)
        case .timestamp(let time):
            // Go keeps zones of whole hours from -12 to +14.
            let isKept = time.zone == .utc || time.offset.isMultiple(of: 60) && (-720...840).contains(time.offset)
            self = isKept ? .timestamp(time) : .unequalled(serial)
        case .sequence, .mapping: return nil
        }
    }
}

/// A set of keys that several levels of merging share.
final class MergedKeys {
    private var keys: Set<MapKey> = []

    /// Adds a key.
    /// - Returns: whether it was new.
    func insert(_ key: MapKey) -> Bool { keys.insert(key).inserted }
}

/// A map in the making.
final class MapBuilder {
    /// Whether keys are read as text, whatever they look like.
    let isStringKeyed: Bool
    private var pairs: [YAMLValue.Pair] = []
    private var indices: [MapKey: Int] = [:]

    /// - Parameter capacity: how many keys it will have, unless some are merged.
    init(isStringKeyed: Bool, capacity: Int) {
        self.isStringKeyed = isStringKeyed
        pairs.reserveCapacity(capacity)
        indices.reserveCapacity(capacity)
    }

    /// Sets the value of a key. The latest spelling of a key stays: `-0.0` after `0.0`.
    func set(_ key: YAMLValue, as mapKey: MapKey, to value: YAMLValue) {
        // Go finds no value under a NaN when it prints the map.
        let isLost = if case .float(let number) = key { number.isNaN } else { false }
        let pair = YAMLValue.Pair(key, isLost ? .null : value)
        if let index = indices[mapKey] {
            pairs[index] = pair
        } else {
            indices[mapKey] = pairs.count
            pairs.append(pair)
        }
    }

    /// The map in the order in which it is printed.
    var value: YAMLValue { YAMLValue(sorting: pairs) }
}

/// A struct in the making.
final class RecordBuilder {
    let type: RecordType
    private var values: [YAMLValue?]

    init(_ type: RecordType) {
        self.type = type
        values = Array(repeating: nil, count: type.fields.count)
    }

    func set(_ index: Int, to value: YAMLValue?) { if let value { values[index] = value } }

    /// The fields that were set, in the struct's order.
    var value: YAMLValue {
        .mapping(
            zip(type.fields, values).compactMap { field, value in value.map { .init(.text(field.name), $0) } })
    }
}
