import Bytes
import DHCP
import NetworkTypes

/// What tells a Raspberry Pi's boot ROM from a PC: both send architecture 0.
enum RaspberryPi {
    /// The prefixes that the boards' Ethernet addresses have had so far. New boards get new ones, so that this is the least of the
    /// marks.
    static let prefixes: Set<UInt64> = [
        0xb827eb, 0xdca632, 0xe45f01, 0x28cdc1, 0xd83add, 0x2ccf67, 0x88a29e, 0x3a3541,
    ]

    /// Whether a message that is not iPXE's nor U-Boot's is a Pi's.
    ///
    /// By its architecture (41 is reserved for it), by the model name with which EEPROMs begin option 97, or by the vendor class
    /// that ROM and EEPROM send, which PCs' ROMs may send too, and with it one of these: the transaction number that is built into
    /// the Pi 3's ROM, that ROM's option 97 of one word four times, or an address of the boards' prefixes.
    static func sent(_ message: DHCPMessage, from mac: MACAddress, architecture: ClientArchitecture) -> Bool {
        if architecture == .raspberryPi { return true }
        guard architecture == .biosX86 else { return false }
        let identity = message[.clientUUID]
        if isModel(identity) || prefixes.contains(mac.value >> 24) { return true }
        guard message[.vendorClass]?.elementsEqual(vendorClass) == true else { return false }
        return message.transactionID == transaction || isOneWord(identity)
    }

    private static let vendorClass = Array("PXEClient:Arch:00000:UNDI:002001".utf8)
    private static let transaction: UInt32 = 0x26f3_0339
    private static let model = Array("RPi".utf8)

    private static func isModel(_ identity: ArraySlice<UInt8>?) -> Bool {
        identity?.dropFirst().starts(with: model) == true
    }

    /// A PC that does not know its UUID sends zeros or ones, which are one word four times as well.
    private static func isOneWord(_ identity: ArraySlice<UInt8>?) -> Bool {
        guard let identity, identity.count == 17 else { return false }
        let words = identity.dropFirst()
        return words.dropFirst(4).elementsEqual(words.dropLast(4)) && Set(words) != [0] && Set(words) != [0xff]
    }

    /// Option 43 for a Pi: discovery control 3, prompt "PXE" at once, and the menu entry that its ROM looks for.
    ///
    /// The ROM of the Pi 3B wants three spaces behind the text; the EEPROM's way is without.
    static func vendorInformation(for message: DHCPMessage) -> [UInt8] {
        let text = Array((isModel(message[.clientUUID]) ? "Raspberry Pi Boot" : "Raspberry Pi Boot   ").utf8)
        let length = UInt8(truncatingIfNeeded: text.count)
        return [6, 1, 3, 10, 4, 0] + Array("PXE".utf8) + [9, length + 3, 0, 0, length] + text + [255]
    }

    /// Files of which at least one is at the top of every tree that a Pi boots from.
    static let treeMarks = ["bootcode.bin", "start4.elf", "config.txt"]

    /// Whether there is a tree: at the top, or in a folder of the board's own, which EEPROMs look into first. Its name is the
    /// board's serial number, with which option 97 ends, or its address.
    static func hasTree(_ message: DHCPMessage, from mac: MACAddress, serves: (String) -> Bool) -> Bool {
        if treeMarks.contains(where: serves) { return true }
        var folders = [mac.hyphenated]
        if isModel(message[.clientUUID]), let serial = message[.clientUUID]?.suffix(4), serial.count == 4 {
            folders += [Array(serial).hexadecimal, Array(serial.reversed()).hexadecimal]
        }
        return folders.contains { folder in treeMarks.contains { serves("\(folder)/\($0)") } }
    }
}
