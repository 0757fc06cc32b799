import BootPlans
import Factory
import IPXE
import Imaging
import Machines
import Netboot
import NetworkTypes
import Releases
import Schematics
import Stores
import TalosModel

/// What keeps the machines of a file from booting.
///
/// A hundred thousand machines share a few assignments, and these a few schematics and releases, so each of them is looked
/// at once. What several machines suffer from is told of the first, with the number of the others.
struct BootCheck {
    private let catalog: ReleaseCatalog
    private let records: SchematicRecords
    /// What boot URLs begin with.
    private let baseURL: String
    private let versions: [TalosVersion]
    /// The loaders that this host has; nil where none are needed, or it has been said that there is none.
    private let loaders: Set<String>?
    private let loaderFolders: [String]

    /// Everything about an assignment that decides whether it can boot.
    private struct Case: Hashable {
        var version: VersionSelector
        var schematic: SchematicID
        var architecture: Architecture
        var platform: String
        var secureBoot: Bool
        var hasConfiguration: Bool
        var arguments: [String]
        var loader: String?
    }

    /// What is made of a schematic, apart from the machine.
    private struct Product: Hashable {
        var schematic: SchematicID
        var version: TalosVersion
        var architecture: Architecture
        var platform = ""
    }

    private var cases: [Case: [String]] = [:]
    private var schematics: [SchematicID: Schematic?] = [:]
    /// Why a schematic that is in the store cannot be used.
    private var unreadable: [SchematicID: String] = [:]
    private var damages: [TalosVersion: [String]] = [:]
    private var products: [Product: [String]] = [:]
    private var lines: [Product: Result<KernelCommandLine, any Error>] = [:]

    /// A sentence, the first machine that it is about, and how many it is about.
    private struct Finding {
        var match: MachineMatch
        var text: String
        var count = 1
    }

    private var findings: [Finding] = []
    private var places: [String: Int] = [:]
    /// More than anybody reads at once.
    private static let limit = 500

    /// A check against what is in `catalog`.
    ///
    /// - Parameters:
    ///   - baseURL: This server's URL as machines reach it.
    ///   - loaders: The loaders that this host has; nil for not to look at them.
    ///   - loaderFolders: Where they were looked for.
    init(
        catalog: ReleaseCatalog, baseURL: String, loaders: Set<String>?, loaderFolders: [String]
    ) {
        self.loaders = loaders
        self.loaderFolders = loaderFolders
        self.catalog = catalog
        records = SchematicRecords(store: catalog.store)
        self.baseURL = baseURL
        versions = catalog.versions()
    }

    /// Whether some machine's schematic has extensions, and so perhaps kernel modules.
    var hasExtensions: Bool { schematics.values.contains { $0?.officialExtensions.isEmpty == false } }

    /// The problems so far: a sentence each, with file, line and column.
    var problems: [String] {
        let shown = findings.prefix(Self.limit).map { finding in
            "\(finding.match.file):\(finding.match.line):\(finding.match.column): \(finding.match.rule): \(finding.text)"
                + (finding.count > 1 ? " (the same for \(finding.count - 1) more)" : "")
        }
        return shown + (findings.count > Self.limit ? ["and \(findings.count - Self.limit) more problems"] : [])
    }

    /// Looks at every machine of a file.
    mutating func look(at file: MachinesFile) {
        for match in file.machines { look(at: match) }
        if let match = file.unknownMatch { look(at: match) }
    }

    private mutating func look(at match: MachineMatch) {
        let assignment = match.assignment
        guard assignment.boot != .local, let version = assignment.version, let choice = assignment.schematic else {
            return
        }
        if schematics[choice.id] == nil {
            let schematic: Schematic? = if let given = choice.schematic { given } else { stored(choice.id) }
            schematics[choice.id] = .some(schematic)
        }
        let architectures = match.architecture.map { [$0] } ?? Architecture.allCases
        let found = architectures.map { architecture in
            let key = Case(
                version: version, schematic: choice.id, architecture: architecture, platform: assignment.platform,
                secureBoot: assignment.secureBoot, hasConfiguration: assignment.configuration != nil,
                arguments: assignment.arguments, loader: assignment.loader)
            let texts = cases[key] ?? problems(of: key)
            cases[key] = texts
            return texts
        }
        for text in Self.told(found, architectures) { tell(text, of: match) }
    }

    /// What to tell of a machine for which each of some architectures has these problems. One that can boot as one of them is
    /// taken for that one, because an entry need not say which it is.
    private static func told(_ found: [[String]], _ architectures: [Architecture]) -> [String] {
        guard let first = found.first, found.count > 1 else { return found.first ?? [] }
        guard found.allSatisfy({ !$0.isEmpty }) else { return [] }
        let shared = first.filter { text in found.allSatisfy { $0.contains(text) } }
        let rest = found.map { $0.filter { !shared.contains($0) } }
        guard rest.allSatisfy({ !$0.isEmpty }) else { return shared }
        let others = zip(architectures, rest).dropFirst().map { "as \($0): \($1.joined(separator: "; "))" }
        return shared + [
            rest[0].joined(separator: "; ") + " (the entry does not say its architecture; "
                + others.joined(separator: "; ") + ")"
        ]
    }

    private mutating func tell(_ text: String, of match: MachineMatch) {
        if let place = places[text] {
            findings[place].count += 1
        } else {
            places[text] = findings.count
            findings.append(Finding(match: match, text: text))
        }
    }

    private func missingLoader(for architecture: Architecture, named chosen: String?) -> String? {
        guard let loaders else { return nil }
        let remedy = "\(loaderFolders.joined(separator: ", ")); put it there, or name its folder with --loader-folder"
        if let chosen, !loaders.contains(chosen) { return "the loader \(chosen) is in none of \(remedy)" }
        let names =
            switch architecture {
            case .amd64: [Loader.x64, Loader.bios]
            case .arm64: [Loader.arm64]
            }
        guard chosen == nil, loaders.isDisjoint(with: names) else { return nil }
        return
            "machines of \(architecture) need the loader \(names.joined(separator: " or ")), and it is in none of \(remedy)"
    }

    /// The schematic as the daemon reads it.
    private mutating func stored(_ id: SchematicID) -> Schematic? {
        do throws(FactoryError) { return try records.schematic(id) } catch {
            unreadable[id] = error.description
            return nil
        }
    }

    private mutating func problems(of key: Case) -> [String] {
        var texts: [String] = []
        if key.secureBoot {
            texts.append(
                "secureboot: true needs a signed UKI, which this version of Slipway does not make yet; remove it")
        }
        let version = key.version.resolve(among: versions)
        if version == nil {
            let known = versions.isEmpty ? "none" : versions.map(\.tag).joined(separator: ", ")
            texts.append("Talos \(key.version) is not in the store; import it, or choose one of: \(known)")
        }
        let schematic = schematics[key.schematic] ?? nil
        if schematic == nil {
            texts.append(
                unreadable[key.schematic]
                    ?? "the schematic \(key.schematic) is not in the store; post it, or write it into the machines file"
            )
        }
        if let text = missingLoader(for: key.architecture, named: key.loader) { texts.append(text) }
        guard let version else { return texts }
        texts += damage(to: version)
        guard let schematic else { return texts }
        let product = Product(schematic: key.schematic, version: version, architecture: key.architecture)
        if products[product] == nil {
            products[product] = catalog.summary(version)?.obstacles(to: schematic, on: key.architecture) ?? []
        }
        texts += products[product] ?? []
        do {
            let line = try commandLine(of: schematic, version, key)
            try MachineScript.check(commandLine: line)
            let bytes = line.utf8.count
            guard bytes <= MachineScript.commandLineLimit else {
                throw ScriptError.commandLineTooLong(bytes: bytes, limit: MachineScript.commandLineLimit)
            }
        } catch {
            texts.append("\(error)")
        }
        return texts
    }

    /// What is the matter with a release's boot files. They are read, each once.
    private mutating func damage(to version: TalosVersion) -> [String] {
        if let known = damages[version] { return known }
        let problems = catalog.release(version)?.problems ?? []
        damages[version] = problems
        return problems
    }

    /// The command line that a machine gets. What its firmware says is not known here, so a serial number, which its
    /// configuration's URL repeats, may make it longer.
    private mutating func commandLine(
        of schematic: Schematic, _ version: TalosVersion, _ key: Case
    ) throws -> String {
        let product = Product(
            schematic: key.schematic, version: version, architecture: key.architecture, platform: key.platform)
        if lines[product] == nil {
            lines[product] = Result {
                try schematic.commandLine(
                    of: AssetPath(.commandLine, platform: key.platform, architecture: key.architecture),
                    version: version)
            }
        }
        guard var line = try lines[product]?.get() else { return "" }
        line.extend(key.arguments)
        if key.hasConfiguration {
            let place = baseURL + ServicePath.configuration("00-00-00-00-00-00")
            line.set(
                "talos.config",
                ["\(place)?uuid=00000000-0000-0000-0000-000000000000&arch=\(key.architecture)"])
        }
        return line.description
    }
}
