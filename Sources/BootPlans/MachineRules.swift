import Machines
import Netboot
import NetworkTypes
import TalosModel

/// The machines file as decisions use it, or that there is none.
struct MachineRules {
    private let file: MachinesFile?
    private let isNamed: Bool

    /// - Parameter directory: Where the file in force is; nil when the daemon has none.
    init(_ directory: MachineDirectory?) {
        file = directory?.current
        isNamed = directory.map { !$0.isMissing } ?? false
    }

    var unknown: UnknownMachinePolicy { file?.unknown ?? .ignore }

    /// The entry that a machine gets, or what unknown machines boot.
    func match(for machine: MachineIdentity) -> MachineMatch? { file?.assignment(for: machine) }

    /// Whether an entry matches a machine, and not only what unknown machines boot.
    func names(_ machine: MachineIdentity) -> Bool { file?.names(machine) ?? false }

    /// Whether a machine that asks by DHCP may boot, by what DHCP tells of it.
    func verdict(on client: BootClient) -> BootVerdict {
        var machine = MachineIdentity(
            mac: client.mac, uuid: client.uuid, architecture: client.platform.talosArchitecture)
        if let uuid = machine.uuid, !names(machine) {
            // Firmware before SMBIOS 2.6 sends the bytes in the order of the text. DHCP does not tell which order is meant; the
            // script, where iPXE writes the UUID as text, does.
            machine.uuid = uuid.byteSwapped
        }
        if let match = match(for: machine) {
            return .answer(BootOptions(chainload: match.assignment.chainload, loader: match.assignment.loader))
        }
        // A serial number is told by the boot script only; until then the machine has the benefit of the doubt.
        if unknown == .wait || file?.needsMore(about: machine) ?? false { return .answer(BootOptions()) }
        return .ignore(reason: reason(forUnknown: client.mac))
    }

    /// Why a machine that no entry matches is told what it is told.
    func reason(forUnknown mac: MACAddress) -> String {
        guard let file else {
            return isNamed
                ? "the machines file is refused, and there is no earlier one; see the log"
                : "there is no machines file; write one, or name it with --config FILE"
        }
        // Strangers are told this, too: where the file is stays out of it.
        let name = file.path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(decoding: $0, as: UTF8.self) }
        return
            "no entry of \(name ?? "the machines file") matches \(mac), and it says unknown: \(file.unknown.rawValue)"
    }
}

extension BootClient.Platform {
    /// Talos' name for it. BIOS says nothing of 64 bits, and Talos runs on nothing less.
    var talosArchitecture: Architecture? {
        switch self {
        case .bios, .x64, .ia32: .amd64
        case .arm64: .arm64
        case .arm32, .other: nil
        }
    }
}
