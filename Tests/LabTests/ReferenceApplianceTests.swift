import Foundation
import LabSupport
import TalosModel
import TestSupport
import Testing

/// The lab tried with an appliance that is not ours, dnsmasq and busybox: where these fail, the fault is the lab's.
extension LabTests {
    @Suite(.serialized) struct ReferenceApplianceTests {}
}

extension LabTests.ReferenceApplianceTests {
    @Test func biosMachineBootsFromDnsmasq() async throws {
        let facts = try await boot(LabMachine("bios", number: 0x10, firmware: .bios))
        try #require(facts.firmwareInterface == "bios")
    }

    @Test func uefiMachineBootsFromDnsmasq() async throws {
        let facts = try await boot(LabMachine("uefi", number: 0x11, firmware: .uefi))
        try #require(facts.firmwareInterface == "uefi")
    }

    private func boot(_ machine: LabMachine) async throws -> BootFacts {
        let version = TalosVersion(1, 13, 5)
        let files = try LabEnvironment.release().bootFiles(of: version)
        return try await Lab.run("reference-\(machine.name)") { lab in
            let root = "\(lab.evidence)/www"
            try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
            let loaders = ["/boot/ipxe.efi", "/usr/lib/ipxe/undionly.kpxe"]
            for (source, name) in [(files.kernel, "vmlinuz"), (files.initramfs, "initramfs")]
                + loaders.map({ ($0, $0.split(separator: "/").last.map(String.init) ?? $0) })
            {
                try FileManager.default.copyItem(atPath: source, toPath: "\(root)/\(name)")
            }
            let address = Lab.applianceAddress
            let script = """
                #!ipxe
                kernel http://\(address)/vmlinuz initrd=initramfs talos.platform=metal console=tty0 slipway.test=reference
                initrd http://\(address)/initramfs
                boot

                """
            try Data(script.utf8).write(to: URL(fileURLWithPath: "\(root)/boot.ipxe"))
            let dnsmasq = try ExternalProgram("dnsmasq", package: "dnsmasq-base")
            let proxy = try lab.startOnAppliance(
                "proxy",
                [
                    dnsmasq.path, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--log-dhcp",
                    "--log-facility=-", "--user=root", "--pid-file", "--dhcp-leasefile=/dev/null", "--enable-tftp",
                    "--tftp-root=\(root)", "--dhcp-range=10.77.0.0,proxy", "--dhcp-userclass=set:ipxe,iPXE",
                    "--dhcp-boot=tag:ipxe,http://\(address)/boot.ipxe,,\(address)",
                    "--pxe-service=tag:!ipxe,x86PC,netboot,undionly,\(address)",
                    "--pxe-service=tag:!ipxe,X86-64_EFI,netboot,ipxe.efi,\(address)",
                    "--pxe-service=tag:!ipxe,BC_EFI,netboot,ipxe.efi,\(address)",
                ])
            try await proxy.wait(forText: "DHCP, proxy", within: .seconds(180))
            try lab.startOnAppliance("web", [files.busybox, "httpd", "-f", "-vv", "-p", "\(address):80", "-h", root])
            let facts = try await lab.boot(machine)
            try #require(facts.failures == [])
            try #require(facts.release == version.tag)
            try #require(facts.addresses == [machine.mac])
            try #require(facts.commandLine.contains("slipway.test=reference"))
            return facts
        }
    }
}
