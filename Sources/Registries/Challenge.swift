/// What a registry wants to see, one scheme of a WWW-Authenticate field (RFC 9110 §11.6.1).
///
/// Registries write the field in all forms, so it is read generously: schemes in any case, several fields or several schemes in one,
/// values without quotes that ought to have some, and schemes that mean nothing here.
struct Challenge: Hashable, Sendable {
    /// The scheme in lower case.
    let scheme: String
    private(set) var parameters: [String: String] = [:]

    /// A parameter by its name in lower case.
    subscript(name: String) -> String? { parameters[name] }

    /// How many schemes are read, and how many parameters of one.
    static let limit = 16
    /// How many bytes are read of all fields together.
    static let maximumBytes = 16 << 10

    /// Reads all fields of an answer.
    static func all(in fields: some Sequence<String>) -> [Challenge] {
        var challenges: [Challenge] = []
        var rest = maximumBytes
        for field in fields where rest > 0 {
            var reader = ChallengeReader(Array(field.utf8.prefix(rest)))
            rest -= field.utf8.count
            challenges += reader.challenges()
        }
        return Array(challenges.prefix(limit))
    }

    fileprivate init(scheme: String) { self.scheme = scheme }

    /// The first one of a name counts: two readers of the field must not see two realms.
    fileprivate mutating func add(_ name: String, _ value: String) {
        guard parameters.count < Self.limit, parameters[name] == nil else { return }
        parameters[name] = value
    }
}

private struct ChallengeReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func challenges() -> [Challenge] {
        var found: [Challenge] = []
        while found.count <= Challenge.limit {
            skip { " \t,".utf8.contains($0) }
            guard next != nil else { break }
            let word = take { !" \t,=\"".utf8.contains($0) }
            guard !word.isEmpty else {
                // A quote or an equals sign where none belongs.
                index += 1
                continue
            }
            if let value = value() {
                if !found.isEmpty { found[found.count - 1].add(word.lowercased(), value) }
            } else {
                found.append(Challenge(scheme: word.lowercased()))
            }
        }
        return found
    }

    /// What stands behind the equals sign; nil where there is none, or where it pads the word before it (RFC 9110, token68).
    private mutating func value() -> String? {
        let start = index
        skip { " \t".utf8.contains($0) }
        guard next == UInt8(ascii: "=") else {
            index = start
            return nil
        }
        index += 1
        skip { " \t".utf8.contains($0) }
        if next == UInt8(ascii: "\"") { return quoted() }
        if next == UInt8(ascii: "=") {
            skip { $0 == UInt8(ascii: "=") }
            return nil
        }
        return take { !" \t,".utf8.contains($0) }
    }

    private mutating func quoted() -> String {
        var value: [UInt8] = []
        index += 1
        while let byte = next, byte != UInt8(ascii: "\"") {
            index += 1
            if byte == UInt8(ascii: "\\"), let escaped = next {
                value.append(escaped)
                index += 1
            } else {
                value.append(byte)
            }
        }
        index = min(index + 1, bytes.count)
        return String(decoding: value, as: UTF8.self)
    }

    private mutating func skip(while condition: (UInt8) -> Bool) {
        while let byte = next, condition(byte) { index += 1 }
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = index
        skip(while: condition)
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }
}
