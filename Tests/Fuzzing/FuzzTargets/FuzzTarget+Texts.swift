import CanonicalYAML
import ConfigurationYAML
import IPXE
import Machines
import Schematics
import Settings
import TalosModel

extension FuzzTarget {
    static func yaml(_ bytes: [UInt8]) {
        _ = try? composeFirstDocument(of: bytes)
        _ = try? decode(bytes, as: .any) { _ in }
        let place = Position(line: 3, column: 5)
        if let length = try? lengthOfFirstNode(of: bytes, startingAt: place) {
            require((1...bytes.count).contains(length), "a node lies within its text")
        }
    }

    static func schematic(_ bytes: [UInt8]) {
        guard let schematic = try? Schematic(decoding: bytes) else { return }
        _ = (schematic.id, schematic.overlay, schematic.extraKernelArguments, schematic.meta)
        _ = VirtualExtension.schematic(schematic, externalURL: "http://10.77.0.2:8080", includesText: true)
    }

    /// The files that a text names are looked for in a folder that is not there.
    static func machines(_ bytes: [UInt8]) {
        switch Result(catching: { try MachinesFile.parse(bytes, path: "/nonexistent/machines.yaml") }) {
        case .success(let file):
            for machine in file.machines {
                _ = machine.description
                let isName = machine.assignment.loader?.utf8.allSatisfy {
                    (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/")
                }
                require(isName ?? true, "a loader is a file name")
            }
        case .failure(let error):
            // To YAML's readers, a text without a line break at its end ends on a line of its own.
            let lines = bytes.reduce(2) { $0 + ([0x0A, 0x0D, 0x85, 0xA8, 0xA9].contains($1) ? 1 : 0) }
            guard let error = error as? MachinesFileError else { return }
            require(!error.problems.isEmpty, "a refusal says why")
            require(
                error.problems.allSatisfy { (1...lines).contains($0.line) && $0.column > 0 }, "a problem has a place")
        }
    }

    /// What is in force can be written as a settings file, and that says the same.
    static func settings(_ bytes: [UInt8]) {
        let loaded = SettingsSources.read(bytes, path: "/nonexistent/slipway.yaml")
        require(
            loaded.problems.allSatisfy { $0.utf8.starts(with: "/nonexistent/slipway.yaml:".utf8) },
            "a problem has a place")
        let listing = SettingsListing(loaded.settings)
        let again = SettingsSources.read(Array(listing.text.utf8), path: "/nonexistent/again.yaml")
        require(again.problems.isEmpty, "a listing of settings is a settings file")
        require(
            SettingsListing(again.settings).entries.map(\.value) == listing.entries.map(\.value),
            "settings are what their listing says")
    }

    static func extensionManifest(_ bytes: [UInt8]) {
        guard let manifest = try? ExtensionManifest(decoding: bytes) else { return }
        _ = extensionsConfiguration(layers: [("image", manifest)])
        require((try? ExtensionManifest(decoding: manifest.encode())) != nil, "a manifest survives its encoding")
    }

    static func assetPath(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let asset = try? AssetPath(parsing: text) {
            require((try? AssetPath(parsing: asset.path)) == asset, "an asset is what its path says")
        }
        _ = try? AssetPath(parsingScript: text)
    }

    static func version(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let version = try? TalosVersion(parsing: text) {
            require((try? TalosVersion(parsing: version.tag)) == version, "a version is what its tag says")
        }
        _ = try? VersionSelector(parsing: text).resolve(among: [TalosVersion(1, 13, 5)])
    }

    /// Scripts of hostile names, URLs, reasons and command lines, separated by zero bytes.
    static func script(_ bytes: [UInt8]) {
        let hostile = scripts(texts(bytes, 4))
        for (script, plain) in zip(hostile, scripts(["Slipway", "http://10.77.0.2:8080", "cp-1", "quiet"])) {
            guard let script, let plain else { continue }
            require(script.hasPrefix("#!ipxe\n"), "a script begins as one")
            let controls = script.utf8.filter { $0 < 0x20 || $0 == 0x7F }
            require(controls == plain.utf8.filter { $0 < 0x20 }, "values add no lines and no controls to a script")
        }
    }

    /// Every script of a name, a base URL, a machine, and a reason or command line; nil where one is refused.
    private static func scripts(_ parts: [String]) -> [String?] {
        let origin = ScriptOrigin(name: parts[0], baseURL: parts[1])
        let machine = MachineScript(
            machine: parts[2], title: "Talos v1.13.5",
            payload: .kernel(url: parts[1] + "/kernel", initramfs: parts[1] + "/initramfs"), commandLine: parts[3])
        return [
            try? machine.text(from: origin), try? FirstStageScript.text(from: origin),
            try? WaitScript.text(machine: parts[2], from: origin),
            LocalDiskScript.text(machine: parts[2], from: origin),
            RefusalScript.text(machine: parts[2], reason: parts[3], from: origin),
        ]
    }

    static func commandLine(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
        var line = KernelCommandLine(parsing: Array(parts[0]))
        line.extend(parts.dropFirst().map { Array($0) })
        line.set("talos.config", ["x"])
        // A word of nothing but `=` is one that prints nothing.
        let text = KernelCommandLine(parsing: line.description).description
        require(KernelCommandLine(parsing: text).description == text, "a command line is what it prints")
    }

    /// Values of META, each a key, a length and the value.
    static func meta(_ bytes: [UInt8]) {
        var entries: [MetaEntry] = []
        var rest = bytes[...]
        while let key = rest.popFirst(), let length = rest.popFirst() {
            entries.append(MetaEntry(key: key, value: Array(rest.prefix(Int(length)))))
            rest = rest.dropFirst(Int(length))
        }
        _ = try? MetaPartition.encode(entries)
        _ = MetaEncoding.environmentValue(of: entries, version: TalosVersion(1, 13, 5)) { $0 }
    }
}
