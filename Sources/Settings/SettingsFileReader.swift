import ConfigurationYAML

/// Reads a settings file and collects every problem in it.
struct SettingsFileReader {
    /// A settings file may have this many bytes at most.
    static let sizeLimit = 1 << 20

    private let path: String
    private let folder: String
    private let problems: ProblemList
    private var settings: ApplianceSettings

    /// Takes what a text says into settings.
    ///
    /// - Parameter path: The file's path, for places; files that it names are looked for from its folder.
    static func read(_ text: [UInt8], path: String, into settings: inout ApplianceSettings, problems: ProblemList) {
        var reader = SettingsFileReader(path, settings, problems)
        reader.read(text)
        settings = reader.settings
    }

    private init(_ path: String, _ settings: ApplianceSettings, _ problems: ProblemList) {
        self.path = path
        folder = FilePath.folder(of: path)
        self.settings = settings
        self.problems = problems
    }

    private mutating func read(_ text: [UInt8]) {
        var limits = ConfigurationLimits()
        limits.aliasedNodes = 10_000
        guard case .root(let root) = ConfigurationText(text).document(problems: problems, limits: limits) else {
            return
        }
        let sections = SettingsSection.all
        let top = MappingReader(
            root, what: "the settings file", keys: sections.map(\.name), problems: problems,
            hint: { SettingsSection.hint(for: $0, in: nil) })
        for section in sections {
            guard let node = top.value(of: section.name) else { continue }
            switch section.content {
            case .setting(let place): read(place, section.name, of: top, node, name: nil)
            // Whoever comments out all of a section leaves its name.
            case .settings, .things: if !node.isNull { read(section, node) }
            }
        }
    }

    private mutating func read(_ section: SettingsSection, _ node: ConfigurationNode) {
        switch section.content {
        case .setting: break
        case .settings(let places): read(places, node, what: "'\(section.name)'", in: section, name: nil)
        case .things(let kind, let places):
            guard case .mapping(let pairs) = node.content else {
                problems.add(
                    node.position, "'\(section.name)' is \(node.kindName)",
                    "it is a mapping with a key for each \(kind.word), as in \(kind.example)")
                return
            }
            var seen: [String: TextPosition] = [:]
            for (key, value) in pairs {
                guard case .scalar(let text, _) = key.content else {
                    problems.add(key.position, "a \(kind.word) is \(key.kindName)", "write it as in \(kind.example)")
                    continue
                }
                do throws(SettingFault) {
                    let name = try kind.canonical(text)
                    if let first = seen[name] {
                        problems.add(
                            key.position, "'\(name)' stands twice in '\(section.name)', first in line \(first.line)",
                            "remove one")
                        continue
                    }
                    seen[name] = key.position
                    guard !value.isNull else { continue }
                    read(
                        places, value, what: "'\(name)' of '\(section.name)'", in: section, name: name
                    )
                } catch {
                    problems.add(
                        key.position, "'\(text)' in '\(section.name)': \(error)",
                        "its keys are names, as in \(kind.example)")
                }
            }
        }
    }

    private mutating func read(
        _ places: [SettingPlace], _ node: ConfigurationNode, what: String, in section: SettingsSection, name: String?
    ) {
        let reader = MappingReader(
            node, what: what, keys: places.map(\.lastKey), problems: problems,
            hint: { SettingsSection.hint(for: $0, in: section) })
        for place in places {
            guard let value = reader.value(of: place.lastKey) else { continue }
            read(place, place.lastKey, of: reader, value, name: name)
        }
    }

    private mutating func read(
        _ place: SettingPlace, _ key: String, of reader: MappingReader, _ node: ConfigurationNode, name: String?
    ) {
        guard !place.declaration.isSecret else {
            problems.add(
                node.position, "'\(key)' of \(reader.what) is a secret, and others may read this file",
                "put it into a file of its own and name that with '\(key)-file', or into the variable "
                    + place.declaration.variable)
            return
        }
        let origin = self.origin(node.position)
        switch place.declaration.shape {
        case .oneOrNone where node.isNull:
            place.begin(&settings, origin)
        case .list:
            if case .sequence(let items) = node.content, items.isEmpty {
                place.begin(&settings, origin)
            } else if let texts = reader.texts(key) {
                place.begin(&settings, origin)
                for (text, position) in texts { give(text, at: position, to: place, key, of: reader, name: name) }
            }
        case .one, .oneOrNone, .named:
            guard let (text, position) = reader.text(key) else { return }
            give(text, at: position, to: place, key, of: reader, name: name)
        }
    }

    private mutating func give(
        _ text: String, at position: TextPosition, to place: SettingPlace, _ key: String, of reader: MappingReader,
        name: String?
    ) {
        let isPath = place.declaration.isPath && !text.isEmpty
        let value = isPath ? FilePath.resolve(text, in: folder) : text
        do throws(SettingFault) {
            try place.give(&settings, SettingText(name: name, value), origin(position))
        } catch {
            problems.add(position, "'\(key)' of \(reader.what) is '\(text)'", "\(error)")
        }
    }

    private func origin(_ position: TextPosition) -> SettingOrigin {
        .file(path, line: position.line, column: position.column)
    }
}
