import NetworkTypes

/// How values of one kind are written.
public struct SettingForm<Value: Sendable>: Sendable {
    /// A word for such values.
    let placeholder: String
    /// Which values there are.
    let rule: String
    /// Whether it is the name of a file or folder, which in a file counts from that file's folder.
    var isPath = false
    /// Whether it is to be kept secret.
    var isSecret = false
    /// One of them.
    var example = ""
    /// Reads one.
    public let read: @Sendable (String) throws(SettingFault) -> Value
    /// Writes one, so that it can be read again.
    let write: @Sendable (Value) -> String

    init(
        _ placeholder: String, rule: String, read: @escaping @Sendable (String) throws(SettingFault) -> Value,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.placeholder = placeholder
        self.rule = rule
        self.read = read
        self.write = write
    }
}

extension SettingForm where Value: FixedWidthInteger {
    /// A number of a range, in digits.
    static func number(
        _ range: ClosedRange<Value>, _ placeholder: String = "n", example: String = "1"
    ) -> SettingForm {
        let rule = "a number from \(range.lowerBound) to \(range.upperBound)"
        var form = SettingForm(placeholder, rule: rule) { text throws(SettingFault) in
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            guard text.utf8.allSatisfy(digits.contains), let number = Value(text), range.contains(number) else {
                throw SettingFault("write \(rule)")
            }
            return number
        } write: {
            String($0)
        }
        form.example = example
        return form
    }
}

extension SettingForm where Value == Bool {
    /// Yes or no.
    static let truth = SettingForm("true|false", rule: "true or false") { text throws(SettingFault) in
        switch text {
        case "true": return true
        case "false": return false
        default: throw SettingFault("write true or false")
        }
    } write: {
        String($0)
    }
}

extension SettingForm where Value: RawRepresentable<String> & CaseIterable {
    /// One of few words.
    static func word(_ placeholder: String) -> SettingForm {
        let words = Value.allCases.map(\.rawValue)
        let rule = words.joined(separator: ", ")
        return SettingForm(placeholder, rule: rule) { text throws(SettingFault) in
            guard let value = Value(rawValue: text) else { throw SettingFault("it is one of \(rule)") }
            return value
        } write: {
            $0.rawValue
        }
    }
}

extension SettingForm where Value == String {
    /// A file or folder. An empty name would be the folder that a command happens to run in; it comes of a variable without a
    /// value.
    public static let file = path("file")
    public static let folder = path("folder")

    private static func path(_ placeholder: String) -> SettingForm {
        var form = SettingForm(placeholder, rule: "a path") { text throws(SettingFault) in
            guard !text.isEmpty else {
                throw SettingFault("it is empty; name a file or folder, . for the current one")
            }
            // The system takes what stands before it for the whole.
            guard !text.utf8.contains(0) else { throw SettingFault("it has a zero byte in it; remove that") }
            return text
        } write: {
            $0
        }
        form.isPath = true
        return form
    }

    /// The name of a network interface, which may be an alternative one (ip-link(8)).
    static let interface = SettingForm("name", rule: "the name of an interface") { text throws(SettingFault) in
        guard !text.isEmpty else { throw SettingFault("it is empty; name an interface, as in eth0") }
        guard text.utf8.count <= 127, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        else {
            throw SettingFault("no interface has such a name; see 'ip link'")
        }
        return text
    } write: {
        $0
    }
}

extension SettingForm where Value == BaseURL {
    /// A URL.
    public static let url = SettingForm("url", rule: "a URL") { text throws(SettingFault) in
        do { return try BaseURL(parsing: text) } catch { throw SettingFault("\(error)") }
    } write: {
        $0.description
    }
}

extension SettingForm where Value == ListenAddress {
    /// An address or name of this host.
    static let address = SettingForm("address", rule: "an address or name of this host") { text throws(SettingFault) in
        do { return try ListenAddress(parsing: text) } catch { throw SettingFault("\(error)") }
    } write: {
        $0.description
    }
}

extension SettingForm where Value == ListenAddress? {
    /// An address or name of this host, or none.
    static let addressOrOff = SettingForm("address", rule: "an address or name of this host, or off") {
        text throws(SettingFault) in
        if text == "off" { return nil }
        do { return try ListenAddress(parsing: text) } catch { throw SettingFault("\(error); 'off' is none") }
    } write: {
        $0?.description ?? "off"
    }
}

extension SettingNames where Name == IPv4Network {
    /// Networks of IPv4.
    static let networks = SettingNames("network", example: "10.1.0.0/16") { text throws(SettingFault) in
        do { return try IPv4Network(parsing: text) } catch { throw SettingFault("\(error)") }
    } write: {
        $0.description
    }
}
