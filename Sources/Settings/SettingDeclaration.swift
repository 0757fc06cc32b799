/// What is known about a setting in advance.
public struct SettingDeclaration: Sendable {
    /// How many values a setting has.
    enum Shape: Sendable {
        /// One.
        case one
        /// One, or none.
        case oneOrNone
        /// Any number of them.
        case list
        /// One for each thing that is named.
        case named(Kind, Alone)
    }

    /// Things that have names.
    struct Kind: Sendable {
        /// What one is, as in "network".
        let word: String
        /// The name of one.
        let example: String
        /// The name as it is written when it is shown.
        let canonical: @Sendable (String) throws(SettingFault) -> String
    }

    /// What a flag or a variable means that has no `=` in it, where a setting is one of things that have names.
    enum Alone: Sendable {
        /// A value for the thing of this name, which stands for all.
        case value(of: String)
        /// A thing's name, which has this value.
        case name(String)
        /// Nothing.
        case none
    }

    /// How many items a list may have, and how many networks there may be.
    static let limit = 1000

    /// Its place in the file: the keys that lead to it with dots between them, and `*` for the name of a network or registry.
    public let key: String
    /// The flag on the command line, without dashes; nil if it has none.
    public let flag: String?
    /// A word for its values, as in `--http-port <port>`.
    public let placeholder: String
    /// What values are possible, as in "a number from 0 to 65535".
    public let rule: String
    /// What it means, in sentences.
    public let meaning: String
    /// The default, as it is written; empty for none.
    public internal(set) var usual: [String] = []
    let shape: Shape
    /// Whether its values are names of files or folders.
    let isPath: Bool
    /// Whether its values are nobody's business: they are not shown, and no file or flag has them.
    public let isSecret: Bool
    /// A value.
    private let example: String

    init<Value>(_ key: String, _ flag: String?, _ form: SettingForm<Value>, _ shape: Shape, _ meaning: String) {
        self.key = key
        self.flag = flag
        self.shape = shape
        self.meaning = meaning
        rule = form.rule
        isPath = form.isPath
        isSecret = form.isSecret
        example = form.example
        placeholder =
            switch shape {
            case .named(let kind, .value): "[\(kind.word)=]\(form.placeholder)"
            case .named(let kind, .name): kind.word
            case .named(let kind, .none): "\(kind.word)=\(form.placeholder)"
            default: form.placeholder
            }
    }

    /// The keys that lead to it.
    var path: [String] { key.split(separator: ".").map(String.init) }

    /// The variable of the environment.
    public var variable: String { Self.variable(for: path.filter { $0 != "*" }.joined(separator: "_")) }

    /// A name as that of a variable.
    static func variable(for name: String) -> String { "SLIPWAY_" + name.uppercased().replacing("-", with: "_") }

    /// The meaning with the default, for help texts.
    public var help: String {
        switch shape {
        case .one: "\(meaning) (default: \(usual.first ?? "none"))"
        case .oneOrNone: meaning
        case .list, .named: "\(meaning) May be repeated."
        }
    }

    /// What a flag, or one item of a variable, says.
    func text(of argument: String) -> SettingText {
        guard case .named(_, let alone) = shape else { return SettingText(argument) }
        if let equals = argument.utf8.firstIndex(of: UInt8(ascii: "=")) {
            let name = String(decoding: argument.utf8[..<equals], as: UTF8.self)
            let value = String(decoding: argument.utf8[equals...].dropFirst(), as: UTF8.self)
            return SettingText(name: name, value)
        }
        return switch alone {
        case .value(let name): SettingText(name: name, argument)
        case .name(let value): SettingText(name: argument, value)
        case .none: SettingText(name: argument, "")
        }
    }

    /// What was given, for messages.
    func quoted(_ text: String) -> String { isSecret ? "it is not readable" : "it is '\(text)'" }

    /// What would be right for a flag or variable, where a text is no value of the setting.
    func remedy(_ fault: SettingFault) -> String {
        switch shape {
        // What is wrong with it may quote it.
        case .named(let kind, _) where isSecret: "write it as in \(kind.example)=\(example)"
        case .named(let kind, .value):
            "\(fault), perhaps behind a \(kind.word), as in \(kind.example)=\(example)"
        case .named(let kind, .none): "\(fault), behind a \(kind.word), as in \(kind.example)=\(example)"
        default: "\(fault)"
        }
    }

    /// What a variable says. Items are separated by commas.
    func texts(ofVariable text: String) -> [SettingText] {
        switch shape {
        case .one, .oneOrNone: return [SettingText(text)]
        case .list, .named:
            var texts: [SettingText] = []
            for item in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n")]
                let trimmed = item.drop(while: blanks.contains).reversed().drop(while: blanks.contains).reversed()
                texts.append(self.text(of: String(decoding: Array(trimmed), as: UTF8.self)))
            }
            return texts
        }
    }
}

/// A text that is given for a setting.
public struct SettingText: Hashable, Sendable {
    /// What it is about, for settings of things that have names.
    var name: String?
    /// The value.
    var text: String

    init(name: String? = nil, _ text: String) {
        self.name = name
        self.text = text
    }
}

/// Where a setting's value comes from, from the weakest source to the strongest.
public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// Nobody has set it.
    case usual
    /// A place in a settings file; line and column count from 1.
    case file(String, line: Int, column: Int)
    /// A variable of the environment.
    case variable(String)
    /// A flag, without its dashes.
    case flag(String)

    /// `default`, `file:line:column`, the variable's name, or the flag with its dashes.
    public var description: String {
        switch self {
        case .usual: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .variable(let name): name
        case .flag(let name): "--\(name)"
        }
    }
}

/// Why a text is no value of a setting: what would be one.
public struct SettingFault: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    static let tooMany = SettingFault("there are more than \(SettingDeclaration.limit); name fewer")
}
