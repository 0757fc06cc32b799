import IPXE
import Schematics
import TalosModel

/// What a machine is told to do when it asks for its script. What it was told before by DHCP, its loader or the place of the
/// script, does not depend on it: whatever the payload is, a machine that is answered gets it as a script.
public enum BootPayload: Sendable {
    /// Boot Talos.
    case talos(BootAssets)
    /// Boot from its own disk.
    case localDisk
    /// Ask again until somebody assigns it something, or until there is room for it.
    case wait
    /// Nothing: it is left alone, and DHCP does not answer it.
    case ignore
    /// It cannot be given what it is assigned, for these reasons.
    case refuse([BootProblem])

    /// Whether nothing is fetched after this.
    public var endsBoot: Bool { if case .talos = self { false } else { true } }

    /// The iPXE script that tells it.
    ///
    /// - Parameters:
    ///   - machine: The machine's name, or its MAC address.
    ///   - reason: Why it is told this.
    /// - Throws: `ScriptError` when this host's own URL cannot stand in a script.
    func script(for machine: String, because reason: String, from origin: ScriptOrigin) throws(ScriptError) -> String {
        switch self {
        case .wait: try WaitScript.text(machine: machine, from: origin)
        case .localDisk: LocalDiskScript.text(machine: machine, from: origin)
        // Not an error: iPXE would ask again and again, and the machine lose a minute before it boots from its disk.
        case .ignore, .refuse: RefusalScript.text(machine: machine, reason: reason, from: origin)
        case .talos(let assets): try assets.script(machine: machine, from: origin)
        }
    }
}

/// The Talos that a machine boots.
public struct BootAssets: Sendable {
    /// The schematic.
    public var schematic: Schematic
    /// The exact version.
    public var version: TalosVersion
    /// Platform and architecture.
    public var target: AssetPath
    /// The kernel's command line: the schematic's, then the machine's own arguments. It can stand in a script.
    public var commandLine: String
    /// What release and schematic are called.
    public var names: BootNames
}

extension BootAssets {
    fileprivate func script(machine: String, from origin: ScriptOrigin) throws(ScriptError) -> String {
        let base = origin.baseURL
        return try MachineScript(
            machine: machine, title: names.release,
            payload: .kernel(url: base + names.kernel, initramfs: base + names.initramfs),
            commandLine: commandLine
        ).text(from: origin)
    }
}
