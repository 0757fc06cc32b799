import DHCPService
import Logging
import Machines
import Netboot
import Releases
import Schematics
import Stores
import TalosModel

extension Appliance {
    /// Everything that is wrong with settings, machines file and schematics: a sentence each, with a place where there is one.
    public static func check(_ settings: ApplianceSettings, version: String) async -> [String] {
        var problems: [String] = []
        var catalog: ReleaseCatalog?
        do {
            let store = try EmbeddedStore(root: settings.store, access: .readOnly)
            let opened = try ReleaseCatalog(store: store)
            problems += opened.problems
            if opened.versions().isEmpty {
                problems.append(
                    "\(settings.store): there is no release in the store; 'slipway release import PATH' brings one in")
            }
            catalog = opened
        } catch {
            problems.append("\(settings.store): the store cannot be opened: \(error)")
        }
        do {
            for name in settings.interfaces where try HostAddress.find(on: [name]) == nil {
                problems.append(
                    "--interface \(name): there is no such interface, or it has no IPv4 address; see 'ip -4 address'")
            }
        } catch {
            problems.append("\(error)")
        }
        let loaders = Loaders(folders: settings.loaderFolders).names
        if loaders.isDisjoint(with: Loader.all) {
            problems.append(
                "no loader in \(settings.loaderFolders.joined(separator: ", ")); install the package ipxe, or name a folder "
                    + "with --loader-folder")
        }
        guard let path = settings.machinesFile else { return problems }
        do {
            let file = try MachinesFile.load(path)
            if let catalog { problems += unbootable(file, catalog) }
        } catch {
            problems += error.problems.map(\.description)
            if error.unlisted > 0 { problems.append("\(path): and \(error.unlisted) more problems") }
        }
        return problems
    }

    /// Machines whose version or schematic the store does not have, by their entry's place.
    private static func unbootable(_ file: MachinesFile, _ catalog: ReleaseCatalog) -> [String] {
        let versions = catalog.versions()
        var problems: [String] = []
        // Thousands of machines may share one mistake; each assignment is looked at once.
        var seen: Set<[String]> = []
        for match in file.machines + [file.unknownMatch].compactMap({ $0 }) {
            guard match.assignment.boot != .local, let selector = match.assignment.version,
                let schematic = match.assignment.schematic,
                seen.insert([selector.description, schematic.id.description]).inserted
            else { continue }
            let place = "\(match.file):\(match.line):\(match.column)"
            guard let version = selector.resolve(among: versions) else {
                let known = versions.isEmpty ? "none" : versions.map(\.tag).joined(separator: ", ")
                problems.append(
                    "\(place): \(match.rule) boots Talos \(selector), which is not in the store; import it, or choose one of: "
                        + known)
                continue
            }
            if schematic.schematic == nil, !isStored(schematic.id.description, in: catalog.store) {
                problems.append(
                    "\(place): \(match.rule) names the schematic \(schematic.id), which is not in the store; post it, or write it "
                        + "into the machines file")
            }
            let known = Set(catalog.summary(version)?.extensions.map(\.name) ?? [])
            for name in schematic.schematic?.officialExtensions ?? [] where !known.contains(name) {
                problems.append(
                    "\(place): \(match.rule): Talos \(version.tag) has no extension \(name); see 'slipway release list'"
                )
            }
        }
        return problems
    }

    private static func isStored(_ id: String, in store: EmbeddedStore) -> Bool {
        (try? store.record(RecordKind(rawValue: "schematics"), id)) != nil
    }
}
