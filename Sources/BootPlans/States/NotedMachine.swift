import Digests
import Machines
import NetworkTypes
import Stores

/// A machine as `boot: once` counts machines, by what its entry of the machines file knows it by: the UUID or serial number that
/// the entry asks for, or the interfaces that it lists. Where an entry is for many machines, each address is one.
public struct NotedMachine: Hashable, Sendable {
    /// The address that it asks with.
    public let mac: MACAddress
    /// The name of its note, which is a record's key.
    let name: String
    /// The names under which it may have been noted: all its interfaces', and the address' own, by which the first release noted
    /// every machine.
    let names: [String]

    /// A machine that gets an entry.
    public init(_ machine: MachineIdentity, by match: MachineMatch) {
        mac = machine.mac
        let own = machine.mac.hyphenated
        let addresses = [own] + match.interfaces.filter { $0 != machine.mac }.map(\.hyphenated)
        if let uuid = match.uuid {
            name = "uuid-\(uuid)"
        } else if let serial = match.serial {
            name = Self.name(ofSerial: serial)
        } else {
            name = own
        }
        names = name == own ? addresses : [name] + addresses
    }

    /// A machine that gets no entry.
    init(_ mac: MACAddress) {
        self.mac = mac
        name = mac.hyphenated
        names = [name]
    }

    /// A machine that has asked with an address before, and the name of its note; nil if no machine's note has such a name.
    init?(_ mac: MACAddress, name: String) {
        guard name == mac.hyphenated || ["uuid-", "serial-", "serial."].contains(where: name.hasPrefix),
            EmbeddedStore.canNameRecord(name)
        else { return nil }
        self.mac = mac
        self.name = name
        names = name == mac.hyphenated ? [name] : [name, mac.hyphenated]
    }

    /// What people write on labels can be read in the name; every other byte is `_` and two digits. What would be too long for a
    /// name is its digest.
    private static func name(ofSerial serial: String) -> String {
        var text = ""
        for byte in serial.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += "_" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
            // No other name has a dot.
            guard text.utf8.count <= 128 else { return "serial.\(Digest.of(serial).hexadecimal)" }
        }
        return "serial-\(text)"
    }
}
