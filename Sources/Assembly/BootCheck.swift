import BootPlans
import Digests
import ImageFactory
import Imaging
import Machines
import Netboot
import NetworkTypes
import Releases
import Schematics
import TalosModel

/// What keeps the machines of a file from booting: what each of them would be told, grouped and counted.
///
/// A hundred thousand machines share a few assignments, and these a few choices, so each of them is looked at once. What several
/// machines suffer from is told of the first, with the number of the others.
struct BootCheck {
    private let catalog: ReleaseCatalog
    private let records: SchematicRecords
    /// What boot URLs begin with.
    private let baseURL: String
    /// The loaders that this host has; nil where none are needed, or it has been said that there is none.
    private let loaders: Set<String>?
    private let loaderFolders: [String]

    /// Everything about an assignment that decides whether it can boot.
    private struct Case: Hashable {
        var choice: BootChoice
        var arguments: [String]
        var hasConfiguration: Bool
        var serial: String?
        var loader: String?
    }

    private var cases: [Case: [String]] = [:]
    private var schematics: [SchematicID: SchematicFinding] = [:]
    private var resolutions: [BootChoice: BootResolution] = [:]
    private var damages: [TalosVersion: [String]] = [:]

    /// An image as one architecture gets it.
    private struct ImageUse: Hashable {
        var digest: Digest
        var architecture: Architecture
    }

    /// What is the matter with images that have been read.
    private var imageDamages: [ImageUse: [String]] = [:]

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
    init(catalog: ReleaseCatalog, baseURL: String, loaders: Set<String>?, loaderFolders: [String]) {
        self.loaders = loaders
        self.loaderFolders = loaderFolders
        self.catalog = catalog
        records = SchematicRecords(store: catalog.store)
        self.baseURL = baseURL
    }

    /// Whether some machine's schematic has extensions, and so perhaps kernel modules.
    var hasExtensions: Bool {
        schematics.values.contains { (try? $0.get())?.officialExtensions.isEmpty == false }
    }

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
        guard match.assignment.boot != .local else { return }
        let architectures = match.architecture.map { [$0] } ?? Architecture.allCases
        let found = architectures.map { texts(for: match, as: $0) }
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

    private mutating func texts(for match: MachineMatch, as architecture: Architecture) -> [String] {
        let assignment = match.assignment
        let choice: BootChoice
        do throws(BootProblem) { choice = try BootChoice(assignment, for: architecture) } catch {
            return [error.description]
        }
        let hasConfiguration = assignment.configuration != nil
        let key = Case(
            choice: choice, arguments: assignment.arguments, hasConfiguration: hasConfiguration,
            serial: hasConfiguration ? match.serial : nil, loader: assignment.loader)
        if let known = cases[key] { return known }
        let resolution = resolution(of: choice, assignment)
        var machine = MachineIdentity(mac: MACAddress(value: 0), serial: match.serial, architecture: architecture)
        // Nearly every machine tells one. Another serial number than the entry's own is not known before it boots.
        machine.uuid = Self.someUUID
        var texts: [String] = []
        if case .failure(let problems) = resolution.assets(of: assignment, for: machine, baseURL: baseURL) {
            texts += problems.all.map(\.description)
        }
        if let text = missingLoader(for: architecture, named: assignment.loader) { texts.append(text) }
        if let version = resolution.version {
            texts += damage(to: version)
            if case .success(let schematic) = schematics[choice.schematic] {
                texts += damage(toExtensionsOf: schematic, version, on: architecture)
            }
        }
        cases[key] = texts
        return texts
    }

    private static let someUUID = SystemUUID(parsing: "11111111-1111-1111-1111-111111111111")

    private mutating func resolution(of choice: BootChoice, _ assignment: Assignment) -> BootResolution {
        if let known = resolutions[choice] { return known }
        let schematic =
            schematics[choice.schematic] ?? assignment.schematic?.find(in: records) ?? .failure(.incomplete)
        schematics[choice.schematic] = schematic
        let resolution = BootResolution(of: choice, schematic: schematic, among: catalog.snapshot)
        resolutions[choice] = resolution
        return resolution
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

    /// What is the matter with a release's boot files. They are read, each once, which no decision about a machine does.
    private mutating func damage(to version: TalosVersion) -> [String] {
        if let known = damages[version] { return known }
        let problems = catalog.snapshot.summary(version).map { catalog.damage(to: $0) } ?? []
        damages[version] = problems
        return problems
    }

    /// What is the matter with the images of a schematic's extensions, which are read, each once. One that has not been imported is
    /// told of by the release.
    private mutating func damage(
        toExtensionsOf schematic: Schematic, _ version: TalosVersion, on architecture: Architecture
    ) -> [String] {
        guard let release = catalog.snapshot.summary(version),
            let extensions = try? Imager.extensions(for: schematic, of: release)
        else { return [] }
        var problems: [String] = []
        for official in extensions {
            let use = ImageUse(digest: official.digest, architecture: architecture)
            let found = imageDamages[use] ?? catalog.damage(to: official.image, for: architecture).map { [$0] } ?? []
            imageDamages[use] = found
            problems += found
        }
        return problems
    }
}
