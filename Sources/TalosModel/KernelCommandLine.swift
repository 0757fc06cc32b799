/// A kernel command line as Talos keeps it: an ordered list of keys, each with its values in order.
///
/// A key that occurs again joins its first occurrence, so "a=1 b=2 a=3" is "a=1 a=3 b=2". Words are bytes: quotes mean
/// nothing, and text that is not UTF-8 passes through unharmed.
public struct KernelCommandLine: Sendable {
    private struct Argument: Hashable, Sendable {
        let key: [UInt8]
        // Empty once its last value was removed by value: the key then keeps its place for a later append.
        var values: [[UInt8]]
    }

    /// In order. A key that was removed leaves nil behind, so that the places of the others hold.
    private var slots: [Argument?] = []
    /// Where each key stands in `slots`. Whoever writes a schematic chooses how many there are.
    private var places: [[UInt8]: Int] = [:]

    private var arguments: some Sequence<Argument> { slots.lazy.compactMap { $0 } }

    /// A line without arguments.
    public init() {}

    /// Reads a line. Words are separated by Unicode white space and split at their first `=`; `key=` is `key`.
    public init(parsing text: some StringProtocol) { self.init(parsing: Array(text.utf8)) }

    /// Reads a line from bytes.
    public init(parsing bytes: [UInt8]) {
        for word in bytes.splitAtWhiteSpace() {
            let key = word.prefix { $0 != UInt8(ascii: "=") }
            append(Array(key), Array(word.dropFirst(key.count + 1)))
        }
    }

    /// The values of a key; nil when it does not occur. An empty value is a key without `=`.
    public subscript(key: String) -> [String]? {
        places[Array(key.utf8)].flatMap { slots[$0] }?.values.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Adds a value to those of its key, or the key at the end.
    public mutating func append(_ key: String, _ value: String) { append(Array(key.utf8), Array(value.utf8)) }

    /// Replaces the values of a key where it stands, or adds it at the end.
    public mutating func set(_ key: String, _ values: [String]) { set(Array(key.utf8), values.map { Array($0.utf8) }) }

    /// Appends every argument of a list, key by key.
    public mutating func appendAll(_ list: [String]) {
        for argument in Self.grouping(list.map { Array($0.utf8) }) {
            for value in argument.values { append(argument.key, value) }
        }
    }

    /// Sets every argument of a list, key by key.
    public mutating func setAll(_ list: [String]) {
        for argument in Self.grouping(list.map { Array($0.utf8) }) { set(argument.key, argument.values) }
    }

    /// Adds what a schematic asks for: `console` and `talos.platform` replace what is there, `-key` removes a key with
    /// all its values, `-key=value` removes one value, anything else is appended.
    public mutating func extend(_ list: [String]) { extend(list.map { Array($0.utf8) }) }

    /// Adds what a schematic asks for, given as bytes.
    public mutating func extend(_ list: [[UInt8]]) {
        for argument in Self.grouping(list) {
            if argument.key.elementsEqual("console".utf8) || argument.key.elementsEqual("talos.platform".utf8) {
                set(argument.key, argument.values)
            } else if argument.key.count > 1, argument.key.first == UInt8(ascii: "-") {
                remove(Array(argument.key.dropFirst()), argument.values)
            } else {
                for value in argument.values { append(argument.key, value) }
            }
        }
    }

    /// The line: every value with its key, single spaces between them.
    public var bytes: [UInt8] {
        var line: [UInt8] = []
        for argument in arguments {
            for value in argument.values {
                line += argument.key
                if !value.isEmpty { line += [UInt8(ascii: "=")] + value }
                line.append(UInt8(ascii: " "))
            }
        }
        while line.last == UInt8(ascii: " ") { line.removeLast() }
        return line
    }

    private mutating func append(_ key: [UInt8], _ value: [UInt8]) {
        if let place = places[key] { slots[place]?.values.append(value) } else { add(key, [value]) }
    }

    private mutating func set(_ key: [UInt8], _ values: [[UInt8]]) {
        if let place = places[key] { slots[place]?.values = values } else { add(key, values) }
    }

    private mutating func add(_ key: [UInt8], _ values: [[UInt8]]) {
        places[key] = slots.count
        slots.append(Argument(key: key, values: values))
    }

    private mutating func remove(_ key: [UInt8], _ values: [[UInt8]]) {
        guard let place = places[key] else { return }
        // The first value decides for all of them, as it does in Talos.
        if values.first?.isEmpty ?? true {
            slots[place] = nil
            places[key] = nil
        } else {
            let removed = Set(values)
            slots[place]?.values.removeAll { removed.contains($0) }
        }
    }

    private static func grouping(_ list: [[UInt8]]) -> some Sequence<Argument> {
        KernelCommandLine(parsing: Array(list.joined(separator: [UInt8(ascii: " ")]))).arguments
    }
}

extension KernelCommandLine: Hashable {
    public static func == (left: KernelCommandLine, right: KernelCommandLine) -> Bool {
        left.arguments.elementsEqual(right.arguments)
    }

    public func hash(into hasher: inout Hasher) { for argument in arguments { hasher.combine(argument) } }
}

extension KernelCommandLine: CustomStringConvertible {
    /// The line as text; bytes that are not UTF-8 become U+FFFD.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension [UInt8] {
    /// The parts between runs of white space (Unicode's White_Space in UTF-8). Bytes that are not UTF-8 are no space.
    fileprivate func splitAtWhiteSpace() -> [ArraySlice<UInt8>] {
        var words: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < count {
            let space = whiteSpaceLength(at: index)
            if space > 0 {
                if index > start { words.append(self[start..<index]) }
                start = index + space
            }
            index += Swift.max(space, 1)
        }
        if count > start { words.append(self[start...]) }
        return words
    }

    private func whiteSpaceLength(at index: Int) -> Int {
        let next = index + 1 < count ? self[index + 1] : 0
        let third = index + 2 < count ? self[index + 2] : 0
        switch (self[index], next, third) {
        case (0x09...0x0d, _, _), (0x20, _, _): return 1
        case (0xc2, 0x85, _), (0xc2, 0xa0, _): return 2  // U+0085, U+00A0
        case (0xe1, 0x9a, 0x80), (0xe2, 0x80, 0x80...0x8a), (0xe2, 0x80, 0xa8), (0xe2, 0x80, 0xa9), (0xe2, 0x80, 0xaf),
            (0xe2, 0x81, 0x9f), (0xe3, 0x80, 0x80):
            return 3  // U+1680, U+2000...U+200A, U+2028, U+2029, U+202F, U+205F, U+3000
        default: return 0
        }
    }
}
