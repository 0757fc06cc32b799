/// Values of things that have names, in the order in which they were named first.
public struct NamedValues<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Each thing with its value.
    public private(set) var entries: [(name: Name, value: Value)] = []

    /// No values.
    public init() {}

    /// The value of a thing; nil if it has none.
    public subscript(name: Name) -> Value? {
        get { entries.first { $0.name == name }?.value }
        set {
            let index = entries.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append((name, value))
            case (nil, nil): break
            }
        }
    }
}

/// How things of one kind are named.
struct SettingNames<Name: Hashable & Sendable>: Sendable {
    let kind: SettingDeclaration.Kind
    let read: @Sendable (String) throws(SettingFault) -> Name
    let write: @Sendable (Name) -> String

    /// - Parameters:
    ///   - word: What such a thing is.
    ///   - example: The name of one.
    init(
        _ word: String, example: String, read: @escaping @Sendable (String) throws(SettingFault) -> Name,
        write: @escaping @Sendable (Name) -> String
    ) {
        self.read = read
        self.write = write
        kind = SettingDeclaration.Kind(word: word, example: example) { text throws(SettingFault) in
            write(try read(text))
        }
    }
}
