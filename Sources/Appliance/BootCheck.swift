import Factory
import IPXE
import Imaging
import Machines
import Netboot
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
    private let factory: Factory
    /// What boot URLs begin with.
    private let baseURL: String
    private let versions: [TalosVersion]

    /// Everything about an assignment that decides whether it can boot.
    private struct Case: Hashable {
        var version: VersionSelector
        var schematic: SchematicID
        var architecture: Architecture
        var platform: String
        var secureBoot: Bool
        var hasConfiguration: Bool
        var arguments: [String]
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
    private var summaries: [TalosVersion: ReleaseSummary] = [:]
    private var damages: [TalosVersion: [String]] = [:]
    private var products: [Product: [String]] = [:]
    private var lines: [Product: Result<KernelCommandLine, any Error>] = [:]
    private var firstOf: [Architecture: MachineMatch] = [:]

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
    /// - Parameter baseURL: This server's URL as machines reach it.
    init(catalog: ReleaseCatalog, factory: Factory, baseURL: String) {
        self.catalog = catalog
        self.factory = factory
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
        // A machine that tells nothing of itself is taken for amd64 when it boots, too.
        let architecture = match.architecture ?? .amd64
        if firstOf[architecture] == nil { firstOf[architecture] = match }
        guard assignment.boot != .local, let version = assignment.version, let choice = assignment.schematic else {
            return
        }
        let key = Case(
            version: version, schematic: choice.id, architecture: architecture, platform: assignment.platform,
            secureBoot: assignment.secureBoot, hasConfiguration: assignment.configuration != nil,
            arguments: assignment.arguments)
        if schematics[choice.id] == nil {
            let schematic: Schematic? = if let given = choice.schematic { given } else { stored(choice.id) }
            schematics[choice.id] = .some(schematic)
        }
        if cases[key] == nil { cases[key] = problems(of: key) }
        for text in cases[key] ?? [] { tell(text, of: match) }
    }

    private mutating func tell(_ text: String, of match: MachineMatch) {
        if let place = places[text] {
            findings[place].count += 1
        } else {
            places[text] = findings.count
            findings.append(Finding(match: match, text: text))
        }
    }

    /// Says which loaders are missing for machines of an architecture that the file has.
    mutating func look(at loaders: Set<String>, from folders: [String]) {
        let needs: [(Architecture, [String])] = [(.amd64, [Loader.x64, Loader.bios]), (.arm64, [Loader.arm64])]
        for (architecture, names) in needs where loaders.isDisjoint(with: names) {
            guard let match = firstOf[architecture] else { continue }
            tell(
                "machines of \(architecture) need the loader \(names.joined(separator: " or ")), and it is in none of "
                    + "\(folders.joined(separator: ", ")); put it there, or name its folder with --loader-folder",
                of: match)
        }
    }

    /// The schematic as the daemon reads it.
    private mutating func stored(_ id: SchematicID) -> Schematic? {
        do throws(FactoryError) { return try factory.records.schematic(id) } catch {
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
        guard let version else { return texts }
        texts += problems(of: version, for: key.architecture)
        guard let schematic else { return texts }
        let product = Product(schematic: key.schematic, version: version, architecture: key.architecture)
        if products[product] == nil { products[product] = problems(of: schematic, in: version, key.architecture) }
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
    private mutating func problems(of version: TalosVersion, for architecture: Architecture) -> [String] {
        if summaries[version] == nil {
            summaries[version] = catalog.summary(version)
            damages[version] = catalog.release(version)?.problems ?? []
        }
        var texts = damages[version] ?? []
        if let summary = summaries[version], !summary.architectures.contains(architecture) {
            texts.append(
                "Talos \(version.tag) has no boot files for \(architecture) here; import an imager image that has them")
        }
        return texts
    }

    /// What the release does not have of a schematic, or could not make of it.
    private func problems(
        of schematic: Schematic, in version: TalosVersion, _ architecture: Architecture
    ) -> [String] {
        guard let summary = summaries[version] else { return [] }
        var texts: [String] = []
        func refusal(of check: () throws(ImagingError) -> Void) -> Bool {
            do throws(ImagingError) {
                try check()
                return false
            } catch {
                texts.append("\(error); leave it out, or choose another version")
                return true
            }
        }
        _ = refusal { () throws(ImagingError) in try schematic.requireEmbeddedConfigurationSupport(in: version) }
        if !refusal(of: { () throws(ImagingError) in try schematic.requireOverlaySupport(in: version) }) {
            _ = refusal { () throws(ImagingError) in
                try schematic.requireOverlay(among: summary.overlays, of: version)
            }
        }
        let missing = Set((summary.missingExtensions[architecture] ?? []).map(\.digest))
        var named: Set<String> = []
        for name in schematic.officialExtensions where named.insert(name).inserted {
            do throws(ImagingError) {
                let found = try ExtensionSelection.select([name], from: summary.extensions, version: version)
                for official in found where missing.contains(official.digest) {
                    texts.append(
                        "the image of the extension \(official.name) (\(official.reference)@\(official.digest)) has not been "
                            + "imported for \(architecture); import a layout that holds it for all platforms "
                            + "('skopeo copy --all')")
                }
            } catch {
                texts.append("Talos \(version.tag) has no extension \(name); see 'slipway release list'")
            }
        }
        return texts
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
                try Factory.commandLine(
                    of: AssetPath(.commandLine, platform: key.platform, architecture: key.architecture),
                    schematic: schematic, version: version)
            }
        }
        guard var line = try lines[product]?.get() else { return "" }
        line.extend(key.arguments)
        if key.hasConfiguration {
            let place = "\(baseURL)/config/00-00-00-00-00-00"
            line.set(
                "talos.config",
                ["\(place)?uuid=00000000-0000-0000-0000-000000000000&arch=\(key.architecture)"])
        }
        return line.description
    }
}
