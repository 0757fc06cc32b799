import CodecTesting
import FolderTesting
import Machines
import NetworkTypes
import TalosModel
import Testing

@Suite struct SpecificityTests {
    private static let uuid = "4c4c4544-0039-4b10-8035-b3c04f4d3132"

    private func load(_ machines: String) throws -> MachinesFile {
        let folder = try TemporaryFolder()
        return try MachinesFile.load(
            folder.write("machines.yaml", "defaults: {schematic: {}, version: latest}\nmachines:\n\(machines)"))
    }

    // Every kind of criterion, least specific first, for one machine that matches them all.
    private static let ladder = [
        ("arch", "{arch: amd64}"),
        ("pattern 0", "{mac: \"*\"}"),
        ("pattern 2", "{mac: \"52:*\"}"),
        ("pattern 2 arch", "{mac: \"52:*\", arch: amd64}"),
        ("pattern 5", "{mac: 52:54:0*}"),
        ("pattern 6", "{mac: 52:54:00:*}"),
        ("pattern 11", "{mac: \"52:54:00:12:34:5*\"}"),
        ("serial", "{serial: ABC 1}"),
        ("serial arch", "{serial: ABC 1, arch: amd64}"),
        ("serial pattern", "{serial: ABC 1, mac: \"52*\"}"),
        ("uuid", "{uuid: \(uuid)}"),
        ("uuid pattern", "{uuid: \(uuid), mac: \"52:*\"}"),
        ("uuid serial", "{uuid: \(uuid), serial: ABC 1}"),
        ("mac", "{mac: 52:54:00:12:34:56}"),
        ("mac arch", "{mac: 52:54:00:12:34:56, arch: amd64}"),
        ("mac uuid", "{mac: 52:54:00:12:34:56, uuid: \(uuid)}"),
    ]

    @Test(arguments: 1...ladder.count)
    func theMostSpecificEntryWins(_ count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let entries = Self.ladder.prefix(count).shuffled(using: &generator)
        let file = try load(entries.map { "  - {name: \($0.0), match: \($0.1)}" }.joined(separator: "\n"))
        let all = try machine("52:54:00:12:34:56", uuid: Self.uuid.uppercased(), serial: "ABC 1", arch: .amd64)
        #expect(name(file, all) == Self.ladder[count - 1].0)
    }

    @Test func anEntryNeedsAllItsCriteria() throws {
        let file = try load(Self.ladder.map { "  - {name: \($0.0), match: \($0.1)}" }.joined(separator: "\n"))
        #expect(try name(file, machine("52:54:00:12:34:56")) == "mac")
        #expect(try name(file, machine("52:54:00:12:34:56", arch: .arm64)) == "mac")
        #expect(try name(file, machine("52:54:00:12:34:57", serial: "ABC 1")) == "serial pattern")
        #expect(try name(file, machine("00:54:00:12:34:57", serial: "ABC 1")) == "serial")
        #expect(try name(file, machine("00:54:00:12:34:57", serial: "ABC 1", arch: .amd64)) == "serial arch")
        #expect(try name(file, machine("00:54:00:12:34:57", serial: "abc 1", arch: .arm64)) == "pattern 0")
        #expect(try name(file, machine("52:54:0f:12:34:57")) == "pattern 5")
        #expect(try name(file, machine("52:55:0f:12:34:57", arch: .arm64)) == "pattern 2")
        #expect(try name(file, machine("00:00:00:00:00:01", uuid: Self.uuid)) == "uuid")
    }

    @Test func theOrderOfTheFileDoesNotMatter() throws {
        let entries = Self.ladder.map { "  - {name: \($0.0), match: \($0.1)}" }
        let forward = try load(entries.joined(separator: "\n"))
        let backward = try load(entries.reversed().joined(separator: "\n"))
        for mac in ["52:54:00:12:34:56", "52:54:00:12:34:57", "52:54:0f:00:00:00", "00:00:00:00:00:00"] {
            for serial in [nil, "ABC 1"] {
                for arch in [nil, Architecture.amd64, .arm64] {
                    let identity = try machine(mac, serial: serial, arch: arch)
                    #expect(name(forward, identity) == name(backward, identity))
                }
            }
        }
    }

    @Test func whatFirmwareMakesUpNamesNobody() throws {
        let identity = try machine("52:54:00:00:00:01", uuid: "ffffffff-ffff-ffff-ffff-ffffffffffff", serial: "  ")
        #expect(identity.uuid == nil)
        #expect(identity.serial == nil)
        #expect(try machine("52:54:00:00:00:01", serial: " A 1\n").serial == "A 1")
    }

    @Test func aMachineThatMayTurnOutToBeAnotherIsToldApart() throws {
        let file = try load("  - {name: a, match: {serial: S1}}\n  - {name: b, mac: \"52:54:00:00:00:01\"}")
        #expect(try file.needsMore(about: machine("52:54:00:00:00:02")))
        #expect(try !file.needsMore(about: machine("52:54:00:00:00:02", serial: "S2")))
        let plain = try load("  - {name: b, mac: \"52:54:00:00:00:01\"}")
        #expect(try !plain.needsMore(about: machine("52:54:00:00:00:02")))
    }

    @Test func aHundredThousandMachinesAreFound() throws {
        // 40,000 by MAC, 20,000 by UUID, 20,000 by serial, 20,000 by pattern.
        func pad(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 16)
            return String(repeating: "0", count: digits - text.count) + text
        }
        func mac(_ prefix: String, _ number: Int) -> String {
            let digits = Array(prefix + pad(number, 12 - prefix.count))
            return stride(from: 0, to: 12, by: 2).map { String(digits[$0..<$0 + 2]) }.joined(separator: ":")
        }
        func uuid(_ number: Int) -> String { "4c4c4544-0000-4000-8000-" + pad(number, 12) }
        func pattern(_ number: Int) -> String { String(mac("0e", number << 16).prefix(12)) + "*" }
        var lines: [String] = []
        for number in 0..<40_000 { lines.append("- {name: m\(number), mac: '\(mac("52", number))'}") }
        for number in 0..<20_000 {
            lines.append("- {name: u\(number), match: {uuid: \(uuid(number))}}")
            lines.append("- {name: s\(number), match: {serial: S\(number)}}")
            lines.append("- {name: p\(number), match: {mac: '\(pattern(number))'}}")
        }
        let file = try load(lines.joined(separator: "\n"))
        #expect(file.machines.count == 100_000)
        for number in stride(from: 0, to: 20_000, by: 7) {
            #expect(try name(file, machine(mac("52", number * 2))) == "m\(number * 2)")
            #expect(try name(file, machine(mac("00", number), uuid: uuid(number))) == "u\(number)")
            #expect(try name(file, machine(mac("00", number), serial: "S\(number)")) == "s\(number)")
            #expect(try name(file, machine(mac("0e", number << 16 | 0xabcd))) == "p\(number)")
        }
        #expect(try file.assignment(for: machine("00:00:00:00:00:01", uuid: uuid(20_000), serial: "S")) == nil)
    }
}
