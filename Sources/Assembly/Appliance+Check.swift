import ConfigurationYAML
import DHCPService
import Foundation
import Imaging
import Machines
import Netboot
import NetworkTypes
import Releases
import Settings
import Stores

extension Appliance {
    /// Everything that is wrong with settings, machines file and schematics: a sentence each, with a place where there is one.
    public static func check(_ settings: ApplianceSettings, version: String) async -> [String] {
        var problems: [String] = []
        var catalog: ReleaseCatalog?
        do {
            let store = try EmbeddedStore(root: settings.store, access: .readOnly)
            let opened = try ReleaseCatalog(store: store)
            // Of boot files only those count that some machine of the file boots.
            problems += opened.snapshot.recordProblems
            if opened.snapshot.versions.isEmpty {
                problems.append(
                    "\(settings.store): there is no release in the store; 'slipway release import PATH' brings one in")
            }
            catalog = opened
            do { _ = try store.recordKeys(.booted) } catch {
                problems.append(
                    "\(settings.store): what is noted of machines that have booted once cannot be read: \(error); machines with "
                        + "boot: once are refused")
            }
        } catch {
            problems.append("\(settings.store): the store cannot be opened: \(error)")
        }
        do {
            for name in settings.interfaces where try HostAddress.find(on: [name]) == nil {
                problems.append(
                    "\(settings.$interfaces.title) \(name): there is no such interface, or it has no IPv4 address; see 'ip -4 address'"
                )
            }
        } catch {
            problems.append("\(error)")
        }
        let found = Loaders(settings)
        let loaders = found.names
        if loaders.isDisjoint(with: Loader.all) {
            problems.append(
                "no loader in \(found.places.joined(separator: ", ")); install the package ipxe, or name a folder with "
                    + "--loader-folder")
        }
        problems += settings.folderProblems + settings.addressProblems + settings.publishingProblems
        guard let path = settings.machinesFile, missingMachinesFile(settings) == nil else { return problems }
        do {
            let file = try MachinesFile.load(path)
            if let catalog { problems += unbootable(file, catalog, found, settings) }
        } catch {
            problems += error.problems.map(\.description)
            if error.unlisted > 0 { problems.append("\(path): and \(error.unlisted) more problems") }
        }
        return problems
    }

    /// What is wrong with the machines file by itself, where settings cannot be relied on.
    public static func checkMachinesFile(of settings: ApplianceSettings) -> [String] {
        guard let path = settings.machinesFile, missingMachinesFile(settings) == nil else { return [] }
        do { _ = try MachinesFile.load(path) } catch {
            return error.problems.map(\.description)
                + (error.unlisted > 0 ? ["\(path): and \(error.unlisted) more problems"] : [])
        }
        return []
    }

    /// The machines file's path, where nobody has named one and there is none: a daemon then serves no machine.
    public static func missingMachinesFile(_ settings: ApplianceSettings) -> String? {
        guard !settings.$machinesFile.isGiven, let path = settings.machinesFile, RegularFile.isAbsent(path) else {
            return nil
        }
        return path
    }

    /// What keeps machines of the file from booting, by their entry's place; and what this host lacks to make their images.
    private static func unbootable(
        _ file: MachinesFile, _ catalog: ReleaseCatalog, _ loaders: Loaders, _ settings: ApplianceSettings
    ) -> [String] {
        let address = (try? HostAddress.find(on: settings.interfaces)) ?? .loopback
        let server = ServerAddresses(address: address, httpPort: Int(settings.httpPort), loaders: loaders.names)
        var check = BootCheck(
            catalog: catalog, baseURL: server.httpBase,
            loaders: loaders.names.isDisjoint(with: Loader.all) ? nil : loaders.names, loaderFolders: loaders.places)
        check.look(at: file)
        return check.problems + (check.hasExtensions ? Imager.missingPrograms() : [])
    }
}
