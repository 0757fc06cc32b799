import NetworkTypes
import TalosModel

/// Finds the most specific of many criteria in a time that does not grow with their number.
///
/// Each entry is filed under its strongest criterion only. A lookup tries the strongest kind first, and the first match
/// it finds is the answer: an entry filed under a weaker kind lacks the stronger one.
struct MachineIndex: Sendable {
    private var byMAC: [MACAddress: [Int]] = [:]
    private var byUUID: [SystemUUID: [Int]] = [:]
    private var bySerial: [String: [Int]] = [:]
    private var byPattern: [MACPattern: [Int]] = [:]
    private var byArchitecture: [Architecture: [Int]] = [:]
    private var patternLengths: [Int] = []
    private let criteria: [MachineCriteria]
    private let asksForUUID: Bool
    private let asksForSerial: Bool
    private let asksForArchitecture: Bool

    /// Files criteria that have no ties; an entry is known by its place in the list.
    init(_ criteria: [MachineCriteria]) {
        self.criteria = criteria
        asksForUUID = criteria.contains { $0.uuid != nil }
        asksForSerial = criteria.contains { $0.serial != nil }
        asksForArchitecture = criteria.contains { $0.architecture != nil }
        for (index, entry) in criteria.enumerated() {
            if let mac = entry.mac {
                byMAC[mac, default: []].append(index)
            } else if let uuid = entry.uuid {
                byUUID[uuid, default: []].append(index)
            } else if let serial = entry.serial {
                bySerial[serial, default: []].append(index)
            } else if let pattern = entry.pattern {
                byPattern[pattern, default: []].append(index)
            } else if let architecture = entry.architecture {
                byArchitecture[architecture, default: []].append(index)
            }
        }
        // Each list is in the order in which it is to be tried. Nearly all have one entry.
        func order(_ list: [Int]) -> [Int] {
            list.count < 2 ? list : list.sorted { criteria[$0].isMoreSpecific(than: criteria[$1]) }
        }
        byMAC = byMAC.mapValues(order)
        byUUID = byUUID.mapValues(order)
        bySerial = bySerial.mapValues(order)
        byPattern = byPattern.mapValues(order)
        byArchitecture = byArchitecture.mapValues(order)
        patternLengths = Set(byPattern.keys.map(\.digits)).sorted(by: >)
    }

    /// The place of the entry that a machine gets, or nil when none matches.
    func find(_ machine: MachineIdentity) -> Int? {
        func first(of candidates: [Int]?) -> Int? { candidates?.first { criteria[$0].matches(machine) } }
        if let found = first(of: byMAC[machine.mac]) { return found }
        if let uuid = machine.uuid, let found = first(of: byUUID[uuid]) { return found }
        if let serial = machine.serial, let found = first(of: bySerial[serial]) { return found }
        for length in patternLengths {
            if let found = first(of: byPattern[MACPattern(first: length, of: machine.mac)]) { return found }
        }
        return machine.architecture.flatMap { first(of: byArchitecture[$0]) }
    }

    /// Whether some entry asks for a fact that is not known about a machine yet.
    func needsMore(about machine: MachineIdentity) -> Bool {
        (machine.serial == nil && asksForSerial) || (machine.uuid == nil && asksForUUID)
            || (machine.architecture == nil && asksForArchitecture)
    }
}
