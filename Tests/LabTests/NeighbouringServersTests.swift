import LabSupport
import TestSupport
import Testing

/// Slipway beside each DHCP server that a site may have.
extension LabTests {
    @Suite(.serialized) struct NeighbouringServersTests: EverySortBoots {}
}

extension LabTests.NeighbouringServersTests {
    struct Pair: Sendable, CustomTestStringConvertible {
        var server: AddressServer.Program
        var firmware: LabMachine.Firmware

        init(_ server: AddressServer.Program, _ firmware: LabMachine.Firmware) {
            self.server = server
            self.firmware = firmware
        }

        var testDescription: String { "\(server)-\(firmware)" }
    }

    @Test(
        arguments: LabEnvironment.cases(
            [Pair(.kea, .bios), Pair(.isc, .uefi)],
            full: [
                Pair(.kea, .uefi), Pair(.kea, .uefiHTTP), Pair(.kea, .uefiWithIPXE), Pair(.isc, .bios),
                Pair(.isc, .uefiHTTP), Pair(.isc, .uefiWithIPXE),
            ]))
    func machineBootsWhateverServerGivesTheAddress(pair: Pair) async throws {
        let machine = LabMachine("machine", number: 0x40, firmware: pair.firmware)
        try await Lab.run("address-\(pair.testDescription)", addressServer: AddressServer(pair.server)) { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine))
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
        }
    }

    /// A server that names a boot file of its own wins every iPXE that is not told otherwise. What the log says of it is tried
    /// where offers can be heard: these are addressed to the machine alone, and a bridge keeps them from the appliance.
    @Test(
        arguments: LabEnvironment.cases(
            [Pair(.dnsmasq, .bios), Pair(.dnsmasq, .uefi)],
            full: [
                Pair(.dnsmasq, .uefiHTTP), Pair(.dnsmasq, .uefiWithIPXE), Pair(.kea, .bios), Pair(.kea, .uefi),
                Pair(.isc, .bios), Pair(.isc, .uefi),
            ]))
    func machineBootsBesideARivalThatNamesABootFile(pair: Pair) async throws {
        let machine = LabMachine("machine", number: 0x41, firmware: pair.firmware)
        let rival = AddressServer(pair.server, bootFile: "rival.bin")
        try await Lab.run("rival-\(pair.testDescription)", addressServer: rival) { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine))
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
        }
    }

    /// A site's own server must get its port whenever it starts.
    @Test(arguments: AddressServer.Program.allCases)
    func serverThatStartsLaterOnTheSameHostIsNotDisturbed(program: AddressServer.Program) async throws {
        let machine = LabMachine("machine", number: 0x42, firmware: .bios)
        try await Lab.run("slipway-first-\(program)", addressServer: nil) { lab in
            let appliance = try await SlipwayAppliance(
                in: lab, machines: entry(machine), arguments: ["--dhcp", "automatic"])
            let server = try await lab.startAddressServer(AddressServer(program, besideTheAppliance: true))
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
            try #require(server.recording.exitStatus == nil)
            for complaint in ["in use", "failed to bind", "failed to open"] {
                try #require(!server.recording.text.contains(complaint), "\(server.recording.text)")
            }
            try #require(appliance.process.recording.exitStatus == nil)
        }
    }

    @Test(
        arguments: LabEnvironment.cases(
            [Pair(.kea, .uefi)], full: [Pair(.kea, .bios), Pair(.isc, .bios), Pair(.isc, .uefi), Pair(.dnsmasq, .bios)])
    )
    func machineBootsWhereTheServerOnTheSameHostWasFirst(pair: Pair) async throws {
        let machine = LabMachine("machine", number: 0x43, firmware: pair.firmware)
        let server = AddressServer(pair.server, besideTheAppliance: true)
        try await Lab.run("same-host-\(pair.testDescription)", addressServer: server) { lab in
            _ = try await SlipwayAppliance(in: lab, machines: entry(machine), arguments: ["--dhcp", "automatic"])
            try requireEverySort(try await lab.boot(machine), on: machine, in: lab)
        }
    }
}
