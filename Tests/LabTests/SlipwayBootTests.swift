import LabSupport
import TalosModel
import TestSupport
import Testing

extension LabTests {
    @Suite(.serialized) struct SlipwayBootTests: EverySortBoots {}
}

extension LabTests.SlipwayBootTests {
    @Test func biosMachineWithIPXEInItsCardGoesStraightToItsScript() async throws {
        let machine = LabMachine("bios", number: 0x20, firmware: .bios)
        try await Lab.run("bios-straight") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine))
            let facts = try await lab.boot(machine)
            try requireEverySort(facts, on: machine, in: lab)
            try #require(facts.firmwareInterface == "bios")
            try #require(try lab.packets(matching: "udp dst port 69") == 0, "there was nothing to get by TFTP")
        }
    }

    @Test func biosMachineIsChainloadedThroughUndionly() async throws {
        let machine = LabMachine("undionly", number: 0x21, firmware: .bios)
        try await Lab.run("bios-undionly") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine, "    chainload: true"))
            let facts = try await lab.boot(machine)
            try requireEverySort(facts, on: machine, in: lab)
            try #require(facts.firmwareInterface == "bios")
            try #require(try lab.packets(matching: "udp dst port 69 and dst host \(Lab.applianceAddress)") > 0)
        }
    }

    @Test func uefiMachineBootsThroughIPXEByTFTP() async throws {
        let machine = LabMachine("uefi", number: 0x22, firmware: .uefi)
        try await Lab.run("uefi-tftp") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine))
            let facts = try await lab.boot(machine)
            try requireEverySort(facts, on: machine, in: lab)
            try #require(facts.firmwareInterface == "uefi")
            try #require(try lab.packets(matching: "udp dst port 69 and dst host \(Lab.applianceAddress)") > 0)
        }
    }

    @Test func uefiMachineBootsThroughIPXEByHTTP() async throws {
        let machine = LabMachine("uefi-http", number: 0x23, firmware: .uefiHTTP)
        try await Lab.run("uefi-http") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine))
            let facts = try await lab.boot(machine)
            try requireEverySort(facts, on: machine, in: lab)
            try #require(facts.firmwareInterface == "uefi")
            try #require(try lab.packets(matching: "udp dst port 69") == 0, "HTTP boot needs no TFTP")
        }
    }

    @Test func uefiMachineBootsWhereAnotherServerHoldsPort67() async throws {
        let machine = LabMachine("uefi", number: 0x24, firmware: .uefi)
        try await Lab.run("uefi-beside-dnsmasq", addressServer: .besideTheAppliance) { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine), arguments: ["--dhcp", "capture"])
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
        }
    }

    @Test func machineThatTheFileDoesNotNameIsLeftAlone() async throws {
        let stranger = LabMachine("stranger", number: 0x66, firmware: .bios)
        let known = LabMachine("known", number: 0x25, firmware: .bios)
        try await Lab.run("unknown-ignored") { lab in
            let appliance = try await SlipwayAppliance(in: lab, machines: entry(known))
            let serial = try await lab.watchGivingUp(stranger)
            try #require(!serial.contains("SLIPWAY-"))
            try #require(try lab.packets(matching: "ether src \(stranger.mac) and udp dst port 67") > 0)
            let answers =
                "src host \(Lab.applianceAddress) and (udp src port 67 or udp src port 4011 or tcp src port 80)"
            try #require(
                try lab.packets(matching: answers) == 0, "the appliance answered a machine that it does not know")
            // Silence proves nothing about a daemon that is dead.
            try #require(appliance.process.recording.exitStatus == nil)
            try requireEverySort(try await lab.boot(known), on: known, in: lab)
        }
    }

    @Test func twoMachinesBootDifferentSchematicsAndVersionsAtOnce() async throws {
        let newer = LabMachine("newer", number: 0x26, firmware: .bios)
        let older = LabMachine("older", number: 0x27, firmware: .uefi)
        try await Lab.run("two-at-once") { lab in
            _ = try await SlipwayAppliance(
                in: lab,
                machines: entry(newer) + "\n" + entry(older, schematic: "notes", version: "v1.7.6"))
            async let first = lab.boot(newer, within: .seconds(900))
            async let second = lab.boot(older, within: .seconds(900))
            let (newerFacts, olderFacts) = try await (first, second)
            try requireEverySort(newerFacts, on: newer, in: lab)

            try #require(olderFacts.failures == [])
            try #require(olderFacts.release == "v1.7.6")
            try #require(olderFacts.addresses == [older.mac])
            let line = arguments(of: olderFacts)
            try #require(
                line.hasSuffix(
                    "talos.platform=metal console=ttyS0 console=tty0 init_on_alloc=1 slab_nomerge pti=on consoleblank=0 "
                        + "nvme_core.io_timeout=4294967295 printk.devkmsg=on ima_template=ima-ng ima_appraise=fix "
                        + "ima_hash=sha512 lab.schematic=notes lab.machine=older"))
            let id = try SlipwayAppliance.id(of: SlipwayAppliance.notes, in: lab)
            try #require(olderFacts.layers.map(\.name) == ["field-notes", "schematic"])
            try #require(olderFacts.layers.map(\.version) == ["v2.3.1", id])
            try #require(olderFacts.schematic == id)
            try #require(olderFacts.files["usr/local/share/field-notes/marker"] == "field notes, first line")
            try #require(olderFacts.modules == [] && olderFacts.firmware == [] && olderFacts.microcode == [])
        }
    }

    /// Machines boot each of the versions on either side of the thresholds.
    @Test(arguments: ["v1.7.6", "v1.9.5", "v1.10.3"])
    func everyLayoutOfReleaseBoots(version: String) async throws {
        let machine = LabMachine("bios", number: 0x28, firmware: .bios)
        try await Lab.run("version-\(version)") { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine, version: version))
            try requireEverySort(try await lab.boot(machine), on: machine, version: version, in: lab)
        }
    }

    @Test func machineFetchesTheConfigurationThatItWasAssigned() async throws {
        let machine = LabMachine("configured", number: 0x29, firmware: .bios)
        try await Lab.run("configuration") { lab in
            let text = "version: v1alpha1 # of the lab\nmachine: {}\n"
            _ = try await SlipwayAppliance(
                in: lab, machines: entry(machine, "    config: configuration.yaml"), configuration: text)
            let facts = try await lab.boot(machine)
            try #require(facts.failures == [])
            try #require(facts.commandLine.contains { $0.hasPrefix("talos.config=http://\(Lab.applianceAddress)/") })
            let fetched = try #require(facts.values("CONFIG").first)
            try #require(fetched.hasSuffix(" version: v1alpha1 # of the lab"))
        }
    }
}
