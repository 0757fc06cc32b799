import DHCP
import NetworkTypes

/// What tells a Raspberry Pi's boot ROM from a PC: both send architecture 0.
enum RaspberryPi {
    /// The prefixes that the boards' Ethernet addresses have.
    static let prefixes: Set<UInt64> = [0xb827eb, 0xdca632, 0xe45f01, 0x28cdc1, 0xd83add, 0x2ccf67]

    /// Whether a message that is not iPXE's nor U-Boot's is a Pi's: by its architecture (41 is reserved for it), by its
    /// address, or by the model name with which EEPROMs begin option 97.
    static func sent(_ message: DHCPMessage, from mac: MACAddress, architecture: ClientArchitecture) -> Bool {
        if architecture == .raspberryPi { return true }
        guard architecture == .biosX86 else { return false }
        if prefixes.contains(mac.value >> 24) { return true }
        return message[.clientUUID]?.dropFirst().starts(with: Array("RPi".utf8)) == true
    }

    /// Option 43 for a Pi: discovery control 3, prompt "PXE" at once, and the menu entry that its ROM looks for.
    ///
    /// The ROM of the Pi 3B wants three spaces behind the text. Its address prefix is that of all boards before the Pi 4,
    /// the others of which take the spaces as well.
    static func vendorInformation(for mac: MACAddress) -> [UInt8] {
        let text = Array((mac.value >> 24 == 0xb827eb ? "Raspberry Pi Boot   " : "Raspberry Pi Boot").utf8)
        let length = UInt8(truncatingIfNeeded: text.count)
        return [6, 1, 3, 10, 4, 0] + Array("PXE".utf8) + [9, length + 3, 0, 0, length] + text + [255]
    }

    /// Files of which at least one is at the top of every tree that a Pi boots from.
    static let treeMarks: Set<String> = ["bootcode.bin", "start4.elf", "config.txt"]
}
