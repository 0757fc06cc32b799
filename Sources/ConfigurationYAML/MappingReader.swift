/// A mapping of a configuration file whose keys are known in advance.
public struct MappingReader {
    public let node: ConfigurationNode
    /// The mapping's name in messages.
    public let what: String
    private let problems: ProblemList
    private var values: [String: ConfigurationNode] = [:]

    /// Looks at every key. Unknown and repeated ones are problems, and so is a node that is no mapping, which reads as
    /// an empty one.
    ///
    /// - Parameters:
    ///   - what: The mapping's name in messages, as in "machine 'cp-1'".
    ///   - hint: What to do about an unknown key, where more is known than which key is like it.
    public init(
        _ node: ConfigurationNode, what: String, keys: [String], problems: ProblemList,
        hint: (String) -> String? = { _ in nil }
    ) {
        self.node = node
        self.what = what
        self.problems = problems
        guard case .mapping(let pairs) = node.content else {
            problems.add(
                node.position, "\(what) is \(node.isNull ? "empty" : node.kindName)",
                "it is a mapping with the keys \(keys.joined(separator: ", "))")
            return
        }
        var seen: [String: TextPosition] = [:]
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else {
                problems.add(key.position, "a key of \(what) is \(key.kindName)", "keys are single words")
                continue
            }
            if let first = seen[name] {
                problems.add(
                    key.position, "'\(name)' stands twice in \(what), first in line \(first.line)", "remove one")
                continue
            }
            seen[name] = key.position
            guard keys.contains(name) else {
                problems.add(
                    key.position, "unknown key '\(name)' in \(what)",
                    hint(name)
                        ?? Spelling.remedy(
                            for: name, among: keys, otherwise: "the keys are \(keys.joined(separator: ", "))"))
                continue
            }
            values[name] = value
        }
    }

    /// The node of a key; an empty one is a problem and reads as absent.
    public func node(_ key: String) -> ConfigurationNode? {
        guard let value = values[key] else { return nil }
        guard !value.isNull else {
            problems.add(value.position, "'\(key)' of \(what) is empty", "give it a value or remove the key")
            return nil
        }
        return value
    }

    /// The node of a key, whatever it is.
    public func value(of key: String) -> ConfigurationNode? { values[key] }

    /// Whether a key stands there, whatever its value.
    public func has(_ key: String) -> Bool { values[key] != nil }

    /// Where the value of a key stands.
    public func position(of key: String) -> TextPosition? { values[key]?.position }

    /// The text of a key. Numbers are text too, so that version 1.10 stays 1.10.
    public func text(_ key: String) -> (text: String, position: TextPosition)? {
        node(key).flatMap { text(key, $0, expected: "it is a single value") }
    }

    /// The texts of a key that has one or a list of several; nil when one of them is a problem.
    public func texts(_ key: String) -> [(text: String, position: TextPosition)]? {
        guard let value = node(key) else { return nil }
        guard case .sequence(let items) = value.content else {
            return text(key, value, expected: "it is a single value, or a list of them").map { [$0] }
        }
        guard !items.isEmpty else {
            problems.add(value.position, "'\(key)' of \(what) is an empty list", "give it a value or remove the key")
            return nil
        }
        let texts = items.map { text(key, $0, expected: "each item is a single value") }
        return texts.contains { $0 == nil } ? nil : texts.compactMap(\.self)
    }

    private func text(
        _ key: String, _ value: ConfigurationNode, expected: String
    ) -> (text: String, position: TextPosition)? {
        guard case .scalar(let text, _) = value.content else {
            problems.add(value.position, "'\(key)' of \(what) is \(value.kindName)", expected)
            return nil
        }
        guard !text.isEmpty, !value.isNull else {
            problems.add(value.position, "'\(key)' of \(what) is empty", "give it a value or remove the key")
            return nil
        }
        return (text, value.position)
    }

    /// The value of a key that has few.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, as type: Choice.Type) -> Choice?
    {
        guard let (text, position) = text(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        problems.add(
            position, "'\(key)' of \(what) is '\(text)'",
            Spelling.remedy(for: text, among: known, otherwise: "it is one of \(known.joined(separator: ", "))"))
        return nil
    }

    /// The truth value of a key.
    public func truth(_ key: String) -> Bool? {
        guard let (text, position) = text(key) else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            problems.add(position, "'\(key)' of \(what) is '\(text)'", "write true or false")
            return nil
        }
    }

    /// A key's value read by a function that names what it does not like.
    public func value<Value>(_ key: String, remedy: String, parse: (String) throws -> Value?) -> Value? {
        text(key).flatMap { value(key, $0, remedy: remedy, parse: parse) }
    }

    /// The same for text that was read before.
    public func value<Value>(
        _ key: String, _ found: (text: String, position: TextPosition), remedy: String,
        parse: (String) throws -> Value?
    ) -> Value? {
        let (text, position) = found
        do {
            if let value = try parse(text) { return value }
            problems.add(position, "'\(key)' of \(what) is '\(text)'", remedy)
        } catch {
            problems.add(position, "'\(key)' of \(what): \(error)", remedy)
        }
        return nil
    }

    /// The items of a key, which is a list.
    public func items(_ key: String) -> [ConfigurationNode] {
        guard let value = node(key) else { return [] }
        guard case .sequence(let items) = value.content else {
            problems.add(value.position, "'\(key)' of \(what) is \(value.kindName)", "it is a list, as in [a, b]")
            return []
        }
        return items
    }
}
