import Glibc
import LabSupport
import Testing

/// The appliance goes away while a machine boots.
extension LabTests {
    @Suite(.serialized) struct OutageTests: EverySortBoots {}
}

extension LabTests.OutageTests {
    @Test(arguments: LabEnvironment.cases([LabMachine.Firmware.bios], full: [.uefi]))
    func machineWaitsForAnApplianceThatIsAwayForAMinute(firmware: LabMachine.Firmware) async throws {
        let machine = LabMachine("waiting", number: 0x60, firmware: firmware)
        try await Lab.run("outage-\(firmware)") { lab in
            let appliance = try await SlipwayAppliance(in: lab, machines: entry(machine))
            async let facts = lab.boot(machine, within: .seconds(900))
            try await appliance.process.wait(forText: "boot.stage=script", within: .seconds(600))
            // So slow that the kernel, of fourteen megabytes, takes a quarter of a minute.
            try lab.throttleAppliance(to: 8)
            try await Task.sleep(for: .seconds(4))
            kill(appliance.process.id, SIGKILL)
            try await Task.sleep(for: .seconds(60))
            try lab.throttleAppliance(to: nil)
            _ = try await appliance.startAgain(in: lab)
            try requireEverySort(try await facts, on: machine, in: lab)
        }
    }
}
