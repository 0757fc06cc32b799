import ConfigurationYAML
import NetworkTypes
import TalosModel

/// Reads what an entry of the machines file matches.
struct CriteriaReader {
    /// The entry's name in messages.
    let what: String
    let problems: ProblemList

    private static let macRemedy = "write six pairs of hexadecimal digits, as in 52:54:00:12:34:56"

    /// An address, or the beginning of one.
    private enum Address: Hashable {
        case whole(MACAddress)
        case pattern(MACPattern)

        /// Why no machine has it.
        var obstacle: String? {
            switch self {
            case .whole(let mac): mac.obstacle
            case .pattern(let pattern): pattern.obstacle
            }
        }
    }

    /// The criteria of an entry: one for each of its addresses, as any of them will do. nil when they have problems.
    func read(_ reader: MappingReader) -> [MachineCriteria]? {
        var criteria = MachineCriteria()
        var addresses: [Address] = []
        var isSound = true
        if reader.has("mac") {
            let found = self.addresses(of: reader, inMatch: false)
            addresses = found ?? []
            isSound = found != nil
        }
        if let node = reader.node("match") {
            let match = MappingReader(
                node, what: "'match' of \(what)", keys: ["mac", "uuid", "serial", "arch"], problems: problems)
            if match.has("mac") {
                if reader.has("mac") {
                    problems.add(node.position, "\(what) has 'mac' and a 'mac' under 'match'", "remove one of them")
                    isSound = false
                }
                let found = self.addresses(of: match, inMatch: true)
                addresses += found ?? []
                isSound = isSound && found != nil
            }
            if match.has("uuid") {
                criteria.uuid = match.value(
                    "uuid",
                    remedy: "write the SMBIOS UUID, as in 4c4c4544-0039-4b10-8035-b3c04f4d3132; "
                        + "one of zeros or ones names no machine"
                ) { SystemUUID(parsing: $0).flatMap { $0.isPlaceholder ? nil : $0 } }
                isSound = isSound && criteria.uuid != nil
            }
            if match.has("serial") {
                criteria.serial = match.text("serial").map { MachineIdentity.trimmed($0.text) }
                isSound = isSound && criteria.serial != nil
            }
            if match.has("arch") {
                criteria.architecture = match.choice("arch", as: Architecture.self)
                isSound = isSound && criteria.architecture != nil
            }
        } else if reader.has("match") {
            isSound = false
        }
        if isSound, criteria.isEmpty, addresses.isEmpty {
            problems.add(reader.node.position, "\(what) matches nothing", "give it 'mac:' or 'match:'")
            return nil
        }
        guard isSound else { return nil }
        guard !addresses.isEmpty else { return [criteria] }
        return addresses.map { address in
            var criteria = criteria
            switch address {
            case .whole(let mac): criteria.mac = mac
            case .pattern(let pattern): criteria.pattern = pattern
            }
            return criteria
        }
    }

    /// The addresses of a key; nil when one of them is a problem.
    private func addresses(of reader: MappingReader, inMatch: Bool) -> [Address]? {
        guard let texts = reader.texts("mac") else { return nil }
        var addresses: [Address] = []
        var seen: Set<Address> = []
        var isSound = true
        for found in texts {
            let address: Address?
            if inMatch, found.text.utf8.contains(UInt8(ascii: "*")) {
                address = reader.value(
                    "mac", found,
                    remedy: "write the beginning of an address and one '*' at its end, as in \"a0:36:9f:*\"",
                    parse: MACPattern.init(parsing:)
                ).map(Address.pattern)
            } else {
                address = reader.value(
                    "mac", found,
                    remedy: inMatch ? Self.macRemedy : Self.macRemedy + "; a pattern stands under 'match'",
                    parse: MACAddress.init(parsing:)
                ).map(Address.whole)
            }
            guard let address else {
                isSound = false
                continue
            }
            if let obstacle = address.obstacle {
                let isPattern = if case .pattern = address { true } else { false }
                problems.add(
                    found.position, "'\(found.text)' in 'mac' of \(what): \(obstacle)",
                    isPattern
                        ? "write the beginning of machines' own addresses, as in \"a0:36:9f:*\""
                        : "write the machine's own address")
                isSound = false
                continue
            }
            if seen.insert(address).inserted {
                addresses.append(address)
            } else {
                problems.add(found.position, "'\(found.text)' stands twice in 'mac' of \(what)", "remove one")
                isSound = false
            }
        }
        return isSound ? addresses : nil
    }
}
