/// A key of the settings file, and what stands under it.
struct SettingsSection: Sendable {
    enum Content: Sendable {
        /// The value of one setting.
        case setting(SettingPlace)
        /// A mapping with a key for each of some settings.
        case settings([SettingPlace])
        /// A mapping of things' names to such mappings.
        case things(SettingDeclaration.Kind, [SettingPlace])
    }

    let name: String
    let content: Content

    /// All of them, in the order of ``ApplianceSettings/all``.
    static let all: [SettingsSection] = {
        var names: [String] = []
        for place in ApplianceSettings.all where !names.contains(place.declaration.path[0]) {
            names.append(place.declaration.path[0])
        }
        return names.map { name in
            let places = ApplianceSettings.all.filter { $0.declaration.path[0] == name }
            let content: Content =
                if case .named(let kind, _) = places[0].declaration.shape {
                    .things(kind, places)
                } else if places[0].declaration.path.count == 1 {
                    .setting(places[0])
                } else {
                    .settings(places)
                }
            return SettingsSection(name: name, content: content)
        }
    }()

    /// Where a key belongs that is unknown where it stands: it may be a flag's name, one with dots, or one of another section.
    static func hint(for key: String, in section: SettingsSection?) -> String? {
        let places = ApplianceSettings.all.filter { $0.declaration.path[0] != section?.name }
        let found =
            places.first { $0.declaration.flag == key || $0.declaration.key == key }
            ?? places.first { $0.declaration.path.count > 1 && $0.lastKey == key }
        guard let declaration = found?.declaration, declaration.path != [key] else { return nil }
        let path = declaration.path
        let thing = if case .named(let kind, _) = declaration.shape { "a \(kind.word)" } else { "*" }
        let above = path.dropLast().map { $0 == "*" ? thing : "'\($0)'" }.reversed().joined(separator: " of ")
        return "write '\(path[path.count - 1])' " + (above.isEmpty ? "at the top level" : "under \(above)")
    }
}

extension SettingPlace {
    /// The key of the setting in its mapping.
    var lastKey: String { declaration.path.last ?? declaration.key }
}
