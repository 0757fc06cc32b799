import Bytes
import NetworkTypes
import TalosModel

/// What an entry of the machines file matches; every criterion that it has must hold.
///
/// Of several entries that match, the most specific one wins. Criteria are compared in this order, and the first that
/// one entry has and the other lacks decides:
///
/// 1. a whole MAC address,
/// 2. a UUID,
/// 3. a serial number,
/// 4. a MAC pattern, the longer before the shorter,
/// 5. an architecture.
///
/// So a MAC address beats a UUID and a serial number together, and of two entries with the same MAC address the one
/// with an architecture besides wins. Two entries that this order cannot tell apart have the same kinds of criteria;
/// they can match the same machine only if all their values are equal as well, which makes a tie an equality.
struct MachineCriteria: Hashable, Sendable {
    var mac: MACAddress?
    var uuid: SystemUUID?
    var serial: String?
    var pattern: MACPattern?
    var architecture: Architecture?

    var isEmpty: Bool { self == MachineCriteria() }

    func matches(_ machine: MachineIdentity) -> Bool {
        (mac ?? machine.mac) == machine.mac && (uuid == nil || uuid == machine.uuid)
            && (serial == nil || serial == machine.serial) && pattern?.matches(machine.mac) ?? true
            && (architecture == nil || architecture == machine.architecture)
    }

    /// Whether it wins over another that matches the same machine.
    func isMoreSpecific(than other: MachineCriteria) -> Bool { rank > other.rank }

    private var rank: (Int, Int, Int, Int, Int) {
        (
            mac == nil ? 0 : 1, uuid == nil ? 0 : 1, serial == nil ? 0 : 1, pattern.map { $0.digits + 1 } ?? 0,
            architecture == nil ? 0 : 1
        )
    }
}

extension MachineCriteria: CustomStringConvertible {
    var description: String {
        let parts = [
            mac.map { "mac \($0)" }, uuid.map { "uuid \($0)" }, serial.map { "serial '\($0)'" },
            pattern.map { "mac \($0)" }, architecture.map { "arch \($0)" },
        ]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}

extension [MachineCriteria] {
    /// The criteria of one entry, which differ in their addresses alone, as text.
    var oneOfThem: String {
        guard count > 1, let first else { return first?.description ?? "" }
        let addresses = map { $0.mac?.description ?? $0.pattern?.description ?? "" }.joined(separator: " or ")
        var others = first
        (others.mac, others.pattern) = (nil, nil)
        return "mac \(addresses)" + (others.isEmpty ? "" : ", \(others)")
    }
}

/// The beginning of a MAC address: "a0:36:9f:*".
struct MACPattern: Hashable, Sendable {
    /// How many hexadecimal digits are given; 0 to 11.
    let digits: Int
    /// Those digits as a number.
    let value: UInt64

    /// Reads hexadecimal digits, with colons or dashes between pairs, dots between fours, or nothing, and a `*` at the end.
    init?(parsing text: String) {
        guard text.utf8.last == UInt8(ascii: "*") else { return nil }
        var digits = 0
        var value: UInt64 = 0
        var afterSeparator = false
        for byte in text.utf8.dropLast() {
            if let group = MACAddress.digits(between: byte) {
                guard digits > 0, digits.isMultiple(of: group), !afterSeparator else { return nil }
                afterSeparator = true
            } else {
                guard let digit = byte.hexadecimalDigit, digits < 11 else { return nil }
                (digits, value, afterSeparator) = (digits + 1, value << 4 | UInt64(digit), false)
            }
        }
        (self.digits, self.value) = (digits, value)
    }

    /// The first digits of an address.
    init(first digits: Int, of mac: MACAddress) {
        self.digits = digits
        value = mac.value >> UInt64(48 - 4 * digits)
    }

    func matches(_ mac: MACAddress) -> Bool { MACPattern(first: digits, of: mac) == self }

    /// Why it is the beginning of no machine's address, as a sentence; nil if it may be.
    var obstacle: String? {
        guard digits >= 2, value >> UInt64(4 * digits - 8) & 1 == 1 else { return nil }
        return "it begins the addresses of groups and not of machines: its first pair is odd"
    }
}

extension MACPattern: CustomStringConvertible {
    var description: String {
        let text = String(value, radix: 16)
        let padded = digits == 0 ? "" : String(repeating: "0", count: max(0, digits - text.count)) + text
        var shown = ""
        for (index, digit) in padded.enumerated() {
            if index > 0, index.isMultiple(of: 2) { shown += ":" }
            shown.append(digit)
        }
        return shown + (digits > 0 && digits.isMultiple(of: 2) ? ":*" : "*")
    }
}
