import Schematics

/// Reads schematics: inline, from files beside the machines file, by ID, or by a name given to one of these.
struct SchematicReader {
    let problems: ProblemList
    let folder: String
    /// Called before a file is opened.
    let opening: (String) -> Void
    /// What stands under `schematics`; nil for one that has a problem of its own.
    private(set) var named: [String: SchematicChoice?] = [:]
    private var files: [String: SchematicChoice?] = [:]
    private(set) var found: [SchematicID: Schematic] = [:]

    static let fileLimit = 4 << 20

    init(problems: ProblemList, folder: String, opening: @escaping (String) -> Void) {
        self.problems = problems
        self.folder = folder
        self.opening = opening
    }

    /// Reads the mapping `schematics`.
    mutating func readNamed(_ node: ConfigurationNode) {
        guard case .mapping(let pairs) = node.content else {
            problems.add(
                node.position, "'schematics' is \(node.kindName)", "it is a mapping of names to schematics")
            return
        }
        var seen: [String: TextPosition] = [:]
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content, !name.isEmpty else {
                problems.add(key.position, "a schematic's name is \(key.kindName)", "names are single words")
                continue
            }
            if let first = seen[name] {
                problems.add(
                    key.position, "schematic '\(name)' is defined twice, first in line \(first.line)", "rename one")
                continue
            }
            seen[name] = key.position
            var choice = read(value, what: "schematic '\(name)'", names: false)
            choice?.name = name
            named[name] = .some(choice)
        }
    }

    /// Reads a schematic where one is expected; what is wrong with it becomes a problem.
    ///
    /// - Parameter names: Whether it may be one of the names under `schematics`.
    mutating func read(_ node: ConfigurationNode, what: String, names: Bool = true) -> SchematicChoice? {
        switch node.content {
        case .mapping:
            return decode(node.flowText, what: what, position: node.position, isInline: true)
        case .sequence:
            problems.add(node.position, "\(what) is a list", "it is a mapping, a file, or an ID")
            return nil
        case .scalar:
            break
        }
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            problems.add(node.position, "\(what) is empty", "write {customization: {}} for one without extras")
            return nil
        }
        if names, let choice = named[text] { return choice }
        if let id = SchematicID(parsing: text) { return SchematicChoice(id: id) }
        let isFile = text.contains("/") || [".yaml", ".yml", ".json"].contains { text.hasSuffix($0) }
        guard isFile || !names else {
            problems.add(
                node.position, "\(what) is '\(text)', and there is no schematic of that name",
                Spelling.remedy(
                    for: text, among: named.keys.sorted(),
                    otherwise: "define it under 'schematics', or give a file or an ID"))
            return nil
        }
        return readFile(FilePath.resolve(text, in: folder), what: what, position: node.position)
    }

    private mutating func readFile(_ path: String, what: String, position: TextPosition) -> SchematicChoice? {
        // A file with a problem is reported where it is named first.
        if let known = files[path] { return known }
        opening(path)
        var choice: SchematicChoice?
        do {
            let bytes = try RegularFile.read(path, limit: Self.fileLimit)
            choice = decode(bytes, what: "\(what), file \(path),", position: position, isInline: false)
        } catch {
            problems.add(
                position, "\(what), file \(path), cannot be read: \(error)",
                "correct the path, which counts from the machines file, or the file")
        }
        files[path] = .some(choice)
        return choice
    }

    private mutating func decode(
        _ bytes: [UInt8], what: String, position: TextPosition, isInline: Bool
    ) -> SchematicChoice? {
        do {
            let schematic = try Schematic(decoding: bytes)
            found[schematic.id] = schematic
            return SchematicChoice(id: schematic.id, schematic: schematic)
        } catch {
            let text = error.description.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
            // An inline schematic was decoded from one line of our own making, whose number would mislead.
            let shown = isInline ? text.replacing("line 1: ", with: "") : text
            problems.add(position, "\(what) is no schematic: \(shown)", "correct it")
            return nil
        }
    }
}
