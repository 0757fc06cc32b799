import Foundation
import NetworkTypes
import TalosModel
import TestSupport

/// A machine of the rack, emulated by QEMU without hardware help: it boots from its network interface or not at all.
public struct LabMachine: Sendable {
    /// What the machine starts with.
    public enum Firmware: Sendable {
        /// SeaBIOS; the network interface's ROM is iPXE.
        case bios
        /// UEFI with its own PXE client.
        case uefi
        /// UEFI with its own HTTP client, PXE switched off.
        case uefiHTTP
        /// UEFI with the network interface's iPXE driver.
        case uefiWithIPXE
    }

    /// Its name in file names.
    public var name: String
    /// Its address.
    public var mac: MACAddress
    /// Its UUID.
    public var uuid: String
    /// Its serial number.
    public var serial: String
    /// Its firmware.
    public var firmware: Firmware
    /// Its memory, in MiB.
    public var memory: Int
    /// Its processor.
    public var architecture: Architecture
    /// Further network cards, each with its place on the bus.
    public var otherCards: [OtherCard] = []

    /// A network card beside the one that the machine is known by.
    public struct OtherCard: Sendable {
        /// Its address.
        public var mac: MACAddress
        /// Whether it comes before the machine's own, on the bus and in the firmware's order.
        public var isFirst: Bool

        /// A card.
        public init(mac: MACAddress, isFirst: Bool) {
            self.mac = mac
            self.isFirst = isFirst
        }
    }

    /// The addresses of all cards, in their order on the bus.
    var cards: [MACAddress] {
        otherCards.filter(\.isFirst).map(\.mac) + [mac] + otherCards.filter { !$0.isFirst }.map(\.mac)
    }

    /// A machine whose addresses follow from a number below 256.
    public init(
        _ name: String, number: UInt8, firmware: Firmware, architecture: Architecture = .amd64, memory: Int? = nil
    ) {
        self.name = name
        mac = MACAddress(value: 0x5254_0077_0000 | UInt64(number))
        uuid =
            "00000000-0000-4000-8000-\(mac.octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())"
        serial = "LAB-\(number)"
        self.firmware = firmware
        self.architecture = architecture
        self.memory = memory ?? (architecture == .arm64 ? 768 : firmware == .bios ? 320 : 512)
    }

    /// QEMU's command line.
    ///
    /// - Parameters:
    ///   - taps: the machine's ports on the bridge, one for each card.
    ///   - folder: the folder for its own files.
    ///   - attempt: the name of this start in file names.
    func command(taps: [String], folder: String, attempt: String) throws -> [String] {
        let qemu: ExternalProgram
        var arguments: [String]
        var code: String
        var variables: String
        switch architecture {
        case .amd64:
            qemu = try ExternalProgram("qemu-system-x86_64", package: "qemu-system-x86")
            // Without graphics SeaBIOS and iPXE speak on the serial line.
            arguments = ["-machine", "q35,graphics=off"]
            (code, variables) = ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd")
        case .arm64:
            qemu = try ExternalProgram("qemu-system-aarch64", package: "qemu-system-arm")
            arguments = ["-machine", "virt", "-cpu", "cortex-a57"]
            (code, variables) = ("/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd")
        }
        arguments += [
            "-accel", "tcg,thread=multi", "-m", "\(memory)", "-smp", "1", "-nodefaults", "-display", "none", "-monitor",
            "none", "-serial", "stdio", "-no-reboot", "-d", "cpu_reset", "-D", "\(folder)/\(attempt).resets.log",
            "-uuid",
            uuid, "-smbios", "type=1,serial=\(serial)",
        ]
        var devices: [String] = []
        for (number, (tap, card)) in zip(taps, cards).enumerated() {
            arguments += ["-netdev", "tap,id=n\(number),ifname=\(tap),script=no,downscript=no"]
            devices.append("virtio-net-pci,netdev=n\(number),mac=\(card)")
        }
        if firmware == .bios {
            arguments += ["-boot", "n"] + devices.flatMap { ["-device", $0] }
        } else {
            let own = "\(folder)/\(attempt).vars"
            guard FileManager.default.fileExists(atPath: code), FileManager.default.fileExists(atPath: variables) else {
                throw LabError(
                    "\(code) is missing: install Debian's package \(architecture == .amd64 ? "ovmf" : "qemu-efi-aarch64")"
                )
            }
            try? FileManager.default.removeItem(atPath: own)
            try FileManager.default.copyItem(atPath: variables, toPath: own)
            arguments += [
                "-boot", "menu=off", "-drive", "if=pflash,unit=0,format=raw,readonly=on,file=\(code)", "-drive",
                "if=pflash,unit=1,format=raw,file=\(own)",
            ]
            for (number, device) in devices.enumerated() {
                // An empty ROM file keeps iPXE out, so that the firmware's own client speaks.
                arguments += [
                    "-device", device + ",bootindex=\(number + 1)" + (firmware == .uefiWithIPXE ? "" : ",romfile="),
                ]
            }
            if firmware == .uefiHTTP {
                for version in ["4", "6"] {
                    arguments += ["-fw_cfg", "name=opt/org.tianocore/IPv\(version)PXESupport,string=n"]
                }
            }
        }
        return [qemu.path] + arguments
    }
}
