import ConfigurationYAML
import Files
import IPXE
import NetworkTypes
import Schematics
import TalosModel

/// Reads a machines file and collects every problem in it.
struct MachinesFileReader {
    /// A machines file's size may be this many bytes at most.
    static let sizeLimit = 16 << 20
    /// A machine configuration's size may be this many bytes at most.
    static let configurationLimit = 16 << 20

    /// What came of reading, and the state of every file concerned just before it was looked at.
    struct Outcome {
        var result: Result<MachinesFile, MachinesFileError>
        var files: [String: FileIdentity?]
    }

    private static let keys = ["schematics", "defaults", "machines", "unknown"]
    private static let settings = [
        "schematic", "version", "args", "config", "secureboot", "boot", "chainload", "platform", "loader",
    ]

    private let path: String
    private let folder: String
    private let problems: ProblemList
    private let files: FileStates
    private var bytes: [UInt8] = []
    private var schematics: SchematicReader

    /// The files looked at so far.
    private final class FileStates {
        var states: [String: FileIdentity?] = [:]
        func note(_ path: String) {
            if states[path] == nil { states[path] = .some(RegularFile.state(of: path)) }
        }
    }

    /// - Parameter text: What the file says, where that is not to be read from it.
    static func load(_ path: String, text: [UInt8]? = nil) -> Outcome {
        var reader = MachinesFileReader(path)
        let file = reader.read(text)
        if file == nil, reader.problems.isEmpty {
            reader.problems.add(.start, "the file cannot be read", "look at its permissions and type")
        }
        let result: Result<MachinesFile, MachinesFileError> =
            if let file, reader.problems.isEmpty {
                .success(file)
            } else {
                .failure(MachinesFileError(reader.problems))
            }
        return Outcome(result: result, files: reader.files.states)
    }

    private init(_ path: String) {
        self.path = path
        folder = FilePath.folder(of: path)
        problems = ProblemList(file: path)
        let files = FileStates()
        self.files = files
        schematics = SchematicReader(problems: problems, folder: folder) { files.note($0) }
    }

    private mutating func read(_ text: [UInt8]?) -> MachinesFile? {
        files.note(path)
        let start = TextPosition.start
        do {
            bytes = try text ?? RegularFile.read(path, limit: Self.sizeLimit)
        } catch {
            problems.add(start, "the file cannot be read: \(error)", "correct its path or its permissions")
            return nil
        }
        let document = ConfigurationText(bytes, isForeign: SchematicReader.isSchematic)
            .document(problems: problems) { schematics.report($0) }
        let root: ConfigurationNode
        switch document {
        case .root(let node): root = node
        case .refused: return nil
        case .empty:
            // An editor that writes in place leaves an empty file for a moment: nobody's machines must vanish then.
            problems.add(start, "the file is empty", "write at least 'machines: []'")
            return nil
        }
        schematics.text = bytes
        let top = MappingReader(root, what: "the machines file", keys: Self.keys, problems: problems)
        if let node = top.node("schematics") { schematics.readNamed(node) }
        let defaultsNode = top.node("defaults")
        let defaults = readSettings(
            defaultsNode.map {
                MappingReader($0, what: "'defaults'", keys: Self.settings, problems: problems)
            }, what: "'defaults'")
        var (machines, criteria, owners) = readMachines(top, defaults: defaults)
        let unknown = top.choice("unknown", as: UnknownMachinePolicy.self) ?? .ignore
        let unknownPosition = top.position(of: "unknown") ?? start
        var unknownMatch: MachineMatch?
        if unknown == .default {
            defaults.requireBootable(what: "'unknown: default'", position: unknownPosition, problems: problems)
            unknownMatch = match(
                defaults.assignment(), rule: "unknown machines", criteria: "no entry", position: unknownPosition)
        }
        // What is named by its ID in one place may stand in another, before or behind.
        for index in machines.indices { machines[index].assignment.schematic?.complete(from: schematics.found) }
        unknownMatch?.assignment.schematic?.complete(from: schematics.found)
        return MachinesFile(
            path: path, machines: machines, criteria: criteria, owners: owners, unknown: unknown,
            unknownMatch: unknownMatch,
            schematics: schematics.found.sorted { $0.key.digest < $1.key.digest }.map(\.value),
            referencedFiles: files.states.keys.filter { $0 != path }.sorted())
    }

    private mutating func readMachines(
        _ top: MappingReader, defaults: MachineSettings
    ) -> (machines: [MachineMatch], criteria: [MachineCriteria], owners: [Int]) {
        var machines: [MachineMatch] = []
        var criteria: [MachineCriteria] = []
        var places: [Int] = []
        var names: [String: TextPosition] = [:]
        var owners: [MachineCriteria: (rule: String, position: TextPosition)] = [:]
        let keys = ["name", "mac", "match"] + Self.settings
        for node in top.items("machines") {
            let what = node.scalar(of: "name").map { "machine '\($0)'" } ?? "a machine"
            let reader = MappingReader(node, what: what, keys: keys, problems: problems)
            guard case .mapping = node.content else { continue }
            let matched = CriteriaReader(what: what, problems: problems).read(reader)
            // Until its criteria can be read, what an entry lacks besides them is not worth saying.
            let isMisread = matched == nil && (reader.has("mac") || reader.has("match"))
            var name = reader.text("name")?.text
            if name == nil, !reader.has("name") {
                if let mac = matched?.first?.mac {
                    name = mac.description
                } else if !isMisread {
                    problems.add(node.position, "a machine has no name", "give it one with 'name:'")
                }
            }
            if let name {
                if let first = names[name] {
                    problems.add(
                        node.position, "the name '\(name)' is taken by the machine in line \(first.line)",
                        "rename one of them")
                }
                names[name] = names[name] ?? node.position
            }
            var settings = readSettings(reader, what: what)
            settings.inherit(from: defaults)
            if !isMisread { settings.requireBootable(what: what, position: node.position, problems: problems) }
            guard let matched else { continue }
            var isFree = true
            for criterion in matched {
                if let owner = owners[criterion] {
                    problems.add(
                        node.position,
                        "\(what) matches the same machines as \(owner.rule) at \(owner.position.line):"
                            + "\(owner.position.column), by \(criterion)",
                        "remove one of them, or tell them apart by another criterion")
                    isFree = false
                } else {
                    owners[criterion] = (what, node.position)
                }
            }
            guard isFree else { continue }
            var assignment = settings.assignment()
            assignment.name = name
            criteria += matched
            places += matched.map { _ in machines.count }
            var match = match(
                assignment, rule: name.map { "machine '\($0)'" } ?? what, criteria: matched.oneOfThem,
                addresses: matched.compactMap(\.mac),
                architecture: matched.first?.architecture, serial: matched.first?.serial, position: node.position)
            match.uuid = matched.first?.uuid
            if reader.has("mac") { match.interfaces = match.addresses }
            machines.append(match)
        }
        return (machines, criteria, places)
    }

    private mutating func readSettings(_ reader: MappingReader?, what: String) -> MachineSettings {
        var settings = MachineSettings()
        guard let reader else { return settings }
        settings.namesSchematic = reader.has("schematic")
        if let node = reader.node("schematic") {
            settings.schematic = schematics.read(node, what: "'schematic' of \(what)")
        }
        settings.namesVersion = reader.has("version")
        settings.version = reader.value("version", remedy: "write v1.13.5, 1.13 or latest") {
            try VersionSelector(parsing: $0)
        }
        let items = reader.items("args")
        for split in SplitArguments(in: bytes).find(among: items) {
            problems.add(split.position, "an argument of \(what): \(split.message)", split.remedy)
        }
        for item in items {
            guard case .scalar(let text, _) = item.content, !item.isNull, !item.isEmptyText else {
                let isEmpty = item.isNull || item.isEmptyText
                problems.add(
                    item.position, "an argument of \(what) is \(isEmpty ? "empty" : item.kindName)",
                    "each is text, as in console=ttyS0")
                continue
            }
            do throws(ScriptError) {
                try MachineScript.check(commandLine: text)
                settings.arguments.append(text)
            } catch {
                problems.add(item.position, "an argument of \(what): \(error)", "change or remove it")
            }
        }
        if let (text, position) = reader.text("config") {
            let file = FilePath.resolve(text, in: folder)
            files.note(file)
            do {
                try RegularFile.check(file, limit: Self.configurationLimit)
                settings.configuration = file
            } catch {
                problems.add(
                    position, "'config' of \(what), file \(file), cannot be read: \(error)",
                    "correct the path, which counts from the machines file, or the file")
            }
        }
        settings.secureBoot = reader.truth("secureboot")
        settings.boot = reader.choice("boot", as: Assignment.BootMode.self)
        settings.chainload = reader.truth("chainload")
        settings.loader = reader.value("loader", remedy: LoaderName.rule) { LoaderName.isValid($0) ? $0 : nil }
        if let (text, position) = reader.text("platform") {
            let known = Platform.offered.map(\.name)
            if known.contains(text) {
                settings.platform = text
            } else {
                problems.add(
                    position, "'platform' of \(what) is '\(text)', which Talos does not know",
                    Spelling.remedy(
                        for: text, among: known, otherwise: "it is one of \(known.joined(separator: ", "))"))
            }
        }
        return settings
    }

    private func match(
        _ assignment: Assignment, rule: String, criteria: String, addresses: [MACAddress] = [],
        architecture: Architecture? = nil, serial: String? = nil, position: TextPosition
    ) -> MachineMatch {
        MachineMatch(
            assignment: assignment, rule: rule, criteria: criteria, addresses: addresses, architecture: architecture,
            serial: serial, file: path, line: position.line, column: position.column)
    }
}

extension ConfigurationNode {
    /// The text of a key of a mapping, before anything is known about it.
    fileprivate func scalar(of name: String) -> String? {
        guard let node = self[name], !node.isNull, case .scalar(let text, _) = node.content else { return nil }
        return text
    }
}
