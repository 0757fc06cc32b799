import CanonicalYAML
import ConfigurationYAML
import Schematics

/// Reads schematics: inline, from files beside the machines file, by ID, or by a name given to one of these.
///
/// An inline schematic is its own text, cut out of the machines file: what its ID and its errors are is decided by the reader
/// of schematics alone, as for the same text in a file.
struct SchematicReader {
    let problems: ProblemList
    let folder: String
    /// The machines file, of which inline schematics are parts.
    var text: [UInt8] = []
    /// Called before a file is opened.
    let opening: (String) -> Void
    /// What stands under `schematics`; nil for one that has a problem of its own.
    private(set) var named: [String: SchematicChoice?] = [:]
    private var files: [String: SchematicChoice?] = [:]
    /// By where they begin, because aliases may mention one often.
    private var inline: [Int: SchematicChoice?] = [:]
    private(set) var found: [SchematicID: Schematic] = [:]
    private var bytesLeft = Self.totalLimit

    static let fileLimit = 4 << 20
    /// How many bytes the files of schematics and the canonical texts of all schematics may have together.
    static let totalLimit = 512 << 20

    /// Which mappings of a machines file are schematics, by the keys that lead to them.
    static func isSchematic(_ path: [String?]) -> Bool {
        switch path.count {
        case 2: path[0] == "schematics" || (path[0] == "defaults" && path[1] == "schematic")
        case 3: path[0] == "machines" && path[1] == nil && path[2] == "schematic"
        default: false
        }
    }

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
            guard case .scalar(let name, _) = key.content, !key.isEmptyText else {
                problems.add(
                    key.position, "a schematic's name is \(key.isEmptyText ? "empty" : key.kindName)",
                    "names are single words")
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
            return readInline(node, what: what)
        case .sequence:
            problems.add(node.position, "\(what) is a list", "it is a mapping, a file, or an ID")
            return nil
        case .scalar:
            break
        }
        guard case .scalar(let text, _) = node.content, !node.isNull, !node.isEmptyText else {
            problems.add(node.position, "\(what) is empty", "write {customization: {}} for one without extras")
            return nil
        }
        if names, let choice = named[text] { return choice }
        if let id = SchematicID(parsing: text) { return SchematicChoice(id: id) }
        let isFile =
            text.utf8.contains(UInt8(ascii: "/"))
            || [".yaml", ".yml", ".json"].contains { text.utf8.suffix($0.utf8.count).elementsEqual($0.utf8) }
        guard isFile || !names else {
            problems.add(
                node.position, "\(what) is '\(text)', and there is no schematic of that name",
                Spelling.remedy(
                    for: text, among: Array(named.keys),
                    otherwise: "define it under 'schematics', or give a file or an ID"))
            return nil
        }
        return readFile(FilePath.resolve(text, in: folder), what: what, position: node.position)
    }

    private mutating func readInline(_ node: ConfigurationNode, what: String) -> SchematicChoice? {
        // One with a problem is reported where it is mentioned first.
        if let known = inline[node.range.lowerBound] { return known }
        var choice: SchematicChoice?
        do {
            let schematic = try Schematic(decoding: inlineText(of: node), startingAt: Position(node.position))
            choice = take(schematic, what: what, position: node.position)
            for split in SplitArguments(in: text).find(inSchematic: node) {
                problems.add(split.position, "an argument of \(what): \(split.message)", split.remedy)
            }
        } catch {
            problems.add(place(of: error, in: node), "\(what) is no schematic: \(error.oneLine)", error.remedy)
        }
        inline[node.range.lowerBound] = .some(choice)
        return choice
    }

    /// Reports an inline schematic that is no YAML to its own reader, nor to that of the machines file.
    func report(_ fault: ForeignPart.Fault) {
        let key = fault.part.path.first?.map { $0 } ?? ""
        let name = fault.part.path.last.map { $0 ?? "" } ?? ""
        let what =
            switch key {
            case "schematics": "schematic '\(name)'"
            case "defaults": "'schematic' of 'defaults'"
            default: "'schematic' of a machine"
            }
        let error = SchematicError.undecodable(.fault(fault.error))
        problems.add(
            fault.error.position.map(TextPosition.init) ?? fault.part.position,
            "\(what) is no schematic: \(error.oneLine)", error.remedy)
    }

    /// The bytes of an inline schematic. libyaml says of a mapping by indentation that it ends where the next thing begins.
    private func inlineText(of node: ConfigurationNode) -> [UInt8] {
        let bytes = text[node.range]
        guard bytes.last == UInt8(ascii: " "), let end = bytes.lastIndex(where: { $0 != UInt8(ascii: " ") }),
            bytes[end] == UInt8(ascii: "\n") || bytes[end] == UInt8(ascii: "\r")
        else { return Array(bytes) }
        return Array(bytes[...end])
    }

    private func place(of error: SchematicError, in node: ConfigurationNode) -> TextPosition {
        guard case .undecodable(let failure) = error, let position = failure.position,
            position.line > node.position.line || position.column > node.position.column
        else { return node.position }
        return TextPosition(position)
    }

    private mutating func readFile(_ path: String, what: String, position: TextPosition) -> SchematicChoice? {
        // A file with a problem is reported where it is named first.
        if let known = files[path] { return known }
        opening(path)
        let what = "\(what), file \(path),"
        var choice: SchematicChoice?
        do {
            let bytes = try RegularFile.read(path, limit: Self.fileLimit)
            do {
                choice = take(try Schematic(decoding: bytes), what: what, position: position, size: bytes.count)
                look(at: bytes, what: what, position: position)
            } catch {
                problems.add(position, "\(what) is no schematic: \(error.oneLine)", error.remedy)
            }
        } catch {
            problems.add(
                position, "\(what) cannot be read: \(error)",
                "correct the path, which counts from the machines file, or the file")
        }
        files[path] = .some(choice)
        return choice
    }

    /// Looks for what is no fault of a schematic, and yet not what anybody means.
    private func look(at bytes: [UInt8], what: String, position: TextPosition) {
        guard let root = try? ConfigurationLoader.load(bytes, isForeign: \.isEmpty) else { return }
        for occurrence in LookAlikes(in: bytes).misleading(in: root, isForeign: \.isEmpty) {
            let place = occurrence.position
            problems.add(
                position, "\(what) line \(place.line), column \(place.column): \(occurrence.message)",
                occurrence.kind.remedy)
        }
        for split in SplitArguments(in: bytes).find(inSchematic: root) {
            problems.add(
                position, "\(what) line \(split.position.line): an argument: \(split.message)", split.remedy)
        }
    }

    /// Keeps a schematic, as long as there is room.
    private mutating func take(
        _ schematic: Schematic, what: String, position: TextPosition, size: Int = 0
    ) -> SchematicChoice? {
        let isNew = found[schematic.id] == nil
        bytesLeft -= size + (isNew ? schematic.canonicalText.count : 0)
        guard bytesLeft >= 0 else {
            problems.add(
                position, "\(what) is too much: the schematics take more than \(Self.totalLimit) bytes together",
                "name fewer or smaller ones")
            return nil
        }
        if isNew { found[schematic.id] = schematic }
        return SchematicChoice(id: schematic.id, schematic: schematic)
    }
}

extension SplitArguments {
    /// The split arguments of a schematic.
    fileprivate func find(inSchematic schematic: ConfigurationNode) -> [Split] {
        guard case .sequence(let items)? = schematic["customization"]?["extraKernelArgs"]?.content else { return [] }
        return find(among: items)
    }
}

extension SchematicError {
    /// The text on one line.
    var oneLine: String {
        description.split(separator: "\n").map { $0.drop { $0 == " " } }.joined(separator: " ")
    }

    var remedy: String {
        if case .undecodable(.fault(let fault)) = self { fault.remedy } else { "correct it" }
    }
}

extension LoadError {
    var remedy: String {
        guard stage == .composer, message.hasPrefix("unknown anchor") else { return "correct it" }
        return "a schematic is a document of its own: write out there what the alias stands for"
    }
}
