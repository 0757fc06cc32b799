import Foundation
import HTTPSemantics
import Timelines

/// Machines' boots as JSON, written straight to bytes: the list of a large site is tens of megabytes.
///
/// Members are sorted by name, slashes are not escaped, dates are RFC 3339 in UTC; what has no value is left out.
struct MachineText {
    /// What has been written.
    private(set) var bytes: [UInt8] = []

    /// Writes one machine.
    mutating func add(_ machine: MachineSnapshot) {
        raw("{")
        if let address = machine.address {
            raw("\"address\":")
            string(address)
            raw(",")
        }
        if let architecture = machine.architecture {
            raw("\"architecture\":")
            string(architecture)
            raw(",")
        }
        raw("\"boots\":[")
        for (index, boot) in machine.boots.enumerated() {
            if index > 0 { raw(",") }
            add(boot)
        }
        raw("],\"mac\":")
        string(machine.mac)
        raw(",\"stage\":")
        string(machine.stage.rawValue)
        raw("}")
    }

    private mutating func add(_ boot: BootSnapshot) {
        raw("{\"dropped\":")
        number(boot.dropped)
        raw(",\"duration\":")
        number(boot.duration)
        raw(",\"events\":[")
        for (index, event) in boot.events.enumerated() {
            if index > 0 { raw(",") }
            add(event)
        }
        raw("],\"stage\":")
        string(boot.stage.rawValue)
        raw(",\"started\":")
        string(
            HTTPDate(secondsSinceEpoch: Int64(exactly: boot.started.timeIntervalSince1970.rounded(.down)) ?? 0)
                .internetText)
        raw("}")
    }

    private mutating func add(_ event: EventSnapshot) {
        raw("{\"after\":")
        number(event.after)
        raw(",\"at\":")
        number(event.at)
        raw(",\"count\":")
        number(event.count)
        raw(",\"detail\":")
        string(event.detail)
        raw(",\"last\":")
        number(event.last)
        raw(",\"stage\":")
        string(event.stage.rawValue)
        raw("}")
    }

    /// Writes what is JSON already.
    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func number(_ value: Int) { bytes.append(contentsOf: String(value).utf8) }

    private mutating func number(_ value: Double) {
        if let whole = Int(exactly: value) { number(whole) } else { bytes.append(contentsOf: "\(value)".utf8) }
    }

    private mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 8: raw("\\b")
            case 9: raw("\\t")
            case 10: raw("\\n")
            case 12: raw("\\f")
            case 13: raw("\\r")
            case 0..<0x20:
                raw("\\u00")
                bytes.append(contentsOf: (byte < 16 ? "0" : "").utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
