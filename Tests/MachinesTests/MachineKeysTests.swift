import ConfigurationYAML
import FolderTesting
import Machines
import NetworkTypes
import TalosModel
import Testing

@Suite struct MachineKeysTests {
    private func load(_ machines: String) throws -> MachinesFile {
        let folder = try TemporaryFolder()
        return try MachinesFile.load(
            folder.write("machines.yaml", "defaults: {boot: local, loader: ipxe.efi}\nmachines:\n\(machines)\n"))
    }

    private func problems(_ machines: String) -> [String] {
        let error = #expect(throws: MachinesFileError.self) { try load(machines) }
        return error?.problems.map { "\($0.line):\($0.column): \($0.message); \($0.remedy)" } ?? []
    }

    @Test func aMachineMayHaveSeveralAddresses() throws {
        let file = try load(
            """
            - {name: two, mac: [52:54:00:00:00:01, 5254.0000.0002]}
            - mac:
              - 52-54-00-00-00-03
              - "525400000004"
            - {name: rack, match: {mac: ["a0:36:9f:*", a036.a0*, 02:00:00:00:00:09], arch: amd64}}
            """)
        #expect(file.machines.count == 3)
        for mac in ["52:54:00:00:00:01", "52:54:00:00:00:02"] {
            let found = try file.assignment(for: machine(mac))
            #expect(found?.rule == "machine 'two'")
            #expect(found?.addresses.map(\.description) == ["52:54:00:00:00:01", "52:54:00:00:00:02"])
            #expect(found?.criteria == "mac 52:54:00:00:00:01 or 52:54:00:00:00:02")
        }
        #expect(try name(file, machine("52:54:00:00:00:04")) == "52:54:00:00:00:03")
        for mac in ["a0:36:9f:00:00:01", "a0:36:a0:00:00:01", "02:00:00:00:00:09"] {
            #expect(try name(file, machine(mac, arch: .amd64)) == "rack")
            #expect(try file.assignment(for: machine(mac)) == nil)
        }
        #expect(file.machines[2].criteria == "mac a0:36:9f:* or a0:36:a0:* or 02:00:00:00:00:09, arch amd64")
    }

    @Test func addressesThatCollideAreProblems() {
        #expect(
            problems("- {name: a, mac: [52:54:00:00:00:01, 5254.0000.0001]}") == [
                "3:38: '5254.0000.0001' stands twice in 'mac' of machine 'a'; remove one"
            ])
        #expect(
            problems("- {name: a, mac: [52:54:00:00:00:01, 52:54:00:00:00:02]}\n- {name: b, mac: 5254.0000.0002}") == [
                "4:3: machine 'b' matches the same machines as machine 'a' at 3:3, by mac 52:54:00:00:00:02; "
                    + "remove one of them, or tell them apart by another criterion"
            ])
        #expect(
            problems("- {name: a, mac: []}") == [
                "3:18: 'mac' of machine 'a' is an empty list; give it a value or remove the key"
            ])
        #expect(
            problems("- {name: a, mac: [x, [y], ~]}").map { $0.prefix(5) } == ["3:22:", "3:27:"])
    }

    @Test func anEmptyListOfArgumentsIsOneProblem() {
        #expect(
            problems("- {name: a, mac: 52:54:00:00:00:01, args: }") == [
                "3:43: 'args' of machine 'a' is empty; give it a value or remove the key"
            ])
    }

    @Test func theLoaderIsAFileNameAndInherited() throws {
        let file = try load(
            "- {name: a, mac: 52:54:00:00:00:01}\n- {name: b, mac: 52:54:00:00:00:02, loader: snponly.efi}")
        #expect(try file.assignment(for: machine("52:54:00:00:00:01"))?.assignment.loader == "ipxe.efi")
        #expect(try file.assignment(for: machine("52:54:00:00:00:02"))?.assignment.loader == "snponly.efi")
        let folder = try TemporaryFolder()
        let plain = try MachinesFile.load(
            folder.write("machines.yaml", "machines: [{name: a, boot: local, mac: '52:54:00:00:00:01'}]"))
        #expect(plain.machines[0].assignment.loader == nil)
    }

    @Test(arguments: [
        "a/b", "../a", "..", ".", "a..b", "'a b'", "é", "\"a\\tb\"", "'a\\b'", "\"\\u0000\"",
        String(repeating: "x", count: 128),
    ])
    func whatIsNoFileName(loader: String) {
        let found = problems("- {name: a, mac: 52:54:00:00:00:01, loader: \(loader)}")
        #expect(found.count == 1 && found[0].hasPrefix("3:45: 'loader' of machine 'a' is"), "\(found)")
    }
}
