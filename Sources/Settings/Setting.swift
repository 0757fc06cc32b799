/// One thing that an operator can set: its value, where that comes from, and everything that is known about it in advance.
///
/// A property with this wrapper in ``ApplianceSettings`` is the only place where a setting is declared: its key in the file, the
/// variable of the environment, the flag, its values, its meaning and its default.
@propertyWrapper
public struct Setting<Value: Sendable>: Sendable {
    /// The value in force.
    public var wrappedValue: Value
    /// What is known about it in advance.
    public let declaration: SettingDeclaration
    /// Where the value comes from.
    public private(set) var origin = SettingOrigin.usual
    /// Where the values of single things come from, by their names.
    private var origins: [String: SettingOrigin] = [:]
    private let take: @Sendable (SettingText, inout Value) throws(SettingFault) -> Void
    private let clear: @Sendable (inout Value) -> Void
    private let write: @Sendable (Value) -> [SettingText]

    /// The setting itself.
    public var projectedValue: Self {
        get { self }
        set { self = newValue }
    }

    private init(
        _ value: Value, _ declaration: SettingDeclaration,
        take: @escaping @Sendable (SettingText, inout Value) throws(SettingFault) -> Void,
        clear: @escaping @Sendable (inout Value) -> Void, write: @escaping @Sendable (Value) -> [SettingText]
    ) {
        wrappedValue = value
        var declaration = declaration
        declaration.usual = write(value).map(\.text)
        self.declaration = declaration
        self.take = take
        self.clear = clear
        self.write = write
    }

    /// A setting of one value.
    init(wrappedValue: Value, _ key: String, flag: String? = nil, _ form: SettingForm<Value>, _ meaning: String) {
        self.init(
            wrappedValue, SettingDeclaration(key, flag, form, .one, meaning),
            take: { given, value throws(SettingFault) in value = try form.read(given.text) }, clear: { _ in },
            write: { [SettingText(form.write($0))] })
    }

    /// A setting of one value or none.
    init<Item>(
        wrappedValue: Value, _ key: String, flag: String? = nil, optional form: SettingForm<Item>, _ meaning: String
    ) where Value == Item? {
        self.init(
            wrappedValue, SettingDeclaration(key, flag, form, .oneOrNone, meaning),
            take: { given, value throws(SettingFault) in value = try form.read(given.text) }, clear: { $0 = nil },
            write: { $0.map { [SettingText(form.write($0))] } ?? [] })
    }

    /// A setting of a list.
    init<Item>(
        wrappedValue: Value, _ key: String, flag: String? = nil, listOf form: SettingForm<Item>, _ meaning: String
    ) where Value == [Item] {
        self.init(
            wrappedValue, SettingDeclaration(key, flag, form, .list, meaning),
            take: { given, value throws(SettingFault) in
                guard value.count < SettingDeclaration.limit else { throw .tooMany }
                value.append(try form.read(given.text))
            },
            clear: { $0 = [] }, write: { $0.map { SettingText(form.write($0)) } })
    }

    /// A setting of things that have names, as networks and registries: a value for each that is named.
    init<Name, Item>(
        wrappedValue: Value, _ key: String, flag: String? = nil, by names: SettingNames<Name>,
        _ form: SettingForm<Item>,
        alone: SettingDeclaration.Alone, _ meaning: String
    ) where Value == NamedValues<Name, Item> {
        self.init(
            wrappedValue, SettingDeclaration(key, flag, form, .named(names.kind, alone), meaning),
            take: { given, value throws(SettingFault) in
                let name = try names.read(given.name ?? "")
                guard value.entries.count < SettingDeclaration.limit || value[name] != nil else { throw .tooMany }
                value[name] = try form.read(given.text)
            },
            clear: { _ in },
            write: { value in
                value.entries.map { SettingText(name: names.write($0.name), form.write($0.value)) }
            })
    }
}

/// What holds for settings of all types.
protocol AnySetting: Sendable {
    var declaration: SettingDeclaration { get }
    /// The value as it is written: nothing, one text, or several.
    var texts: [SettingText] { get }
    /// Where the value comes from; that of one thing, for settings of things that have names.
    func origin(of name: String?) -> SettingOrigin
    /// Takes what a source says. A list, and a value that may be none, is what the source says and nothing more.
    mutating func begin(from origin: SettingOrigin)
    /// Takes a text of this source.
    mutating func give(_ text: SettingText, from origin: SettingOrigin) throws(SettingFault)
}

extension Setting: AnySetting {
    var texts: [SettingText] { write(wrappedValue) }

    func origin(of name: String?) -> SettingOrigin { name.flatMap { origins[$0] } ?? origin }

    mutating func begin(from origin: SettingOrigin) {
        clear(&wrappedValue)
        self.origin = origin
    }

    mutating func give(_ text: SettingText, from origin: SettingOrigin) throws(SettingFault) {
        try take(text, &wrappedValue)
        if let name = text.name { origins[name] = origin } else { self.origin = origin }
    }
}

extension Setting {
    /// The setting's name with the place where it was set, as problems begin: the flag, the variable, or the key behind file, line
    /// and column.
    public var title: String {
        switch origin {
        case .usual: declaration.key
        case .file: "\(origin): \(declaration.key)"
        case .variable, .flag: "\(origin)"
        }
    }

    /// Where to change it, for remedies: the flag, the variable, or the key in the file; the flag where nobody has set it.
    public var handle: String {
        switch origin {
        case .usual: declaration.flag.map { "--\($0)" } ?? declaration.key
        case .file(let path, _, _): "\(declaration.key) in \(path)"
        case .variable, .flag: "\(origin)"
        }
    }

    /// Whether anybody has set it.
    public var isGiven: Bool { origin != .usual }
}
