import IPXE
import TalosModel
import Testing

private let origin = ScriptOrigin(name: "Slipway 1.0", baseURL: "http://10.77.0.2:8080/")

@Suite struct ScriptTests {
    @Test func firstStageAsksWithEverythingTheMachineKnows() throws {
        #expect(
            try FirstStageScript.text(from: origin) == #"""
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): asking what to boot
                set attempt:int32 0
                :again
                imgfree
                imgfetch --name machine --timeout 10000 http://10.77.0.2:8080/boot?mac=${netX/mac:hexhyp}&uuid=${uuid}&arch=${buildarch}&platform=${platform}&serial=${serial:uristring}&manufacturer=${manufacturer:uristring}&product=${product:uristring} || goto retry
                chain --replace --autofree machine || goto retry
                :retry
                inc attempt
                iseq ${attempt} 10 && goto failed ||
                echo Slipway 1.0: the boot script failed, attempt ${attempt} of 10. Again in ${attempt} s
                sleep ${attempt} ||
                goto again
                :failed
                echo Slipway 1.0 (http://10.77.0.2:8080) gave no boot script after 10 attempts.
                echo Is the appliance running, and can this machine reach it?
                sleep 10 ||
                iseq ${platform} efi && exit 1 || exit

                """#)
    }

    @Test func aMachineLoadsKernelAndInitramfs() throws {
        let script = MachineScript(
            machine: "cp-1", title: "Talos v1.13.5",
            payload: .kernel(
                url: "http://10.77.0.2:8080/image/3765/v1.13.5/kernel-amd64",
                initramfs: "http://10.77.0.2:8080/image/3765/v1.13.5/initramfs-amd64.xz"),
            commandLine: "talos.platform=metal console=tty0")
        #expect(
            try script.text(from: origin) == """
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): cp-1 boots Talos v1.13.5
                iseq ${platform} efi && set handover initrd=initramfs ||
                set attempt:int32 0
                :again
                imgfree
                kernel --name talos --timeout 60000 http://10.77.0.2:8080/image/3765/v1.13.5/kernel-amd64 talos.platform=metal console=tty0 ${handover} || goto retry
                initrd --name initramfs --timeout 60000 http://10.77.0.2:8080/image/3765/v1.13.5/initramfs-amd64.xz || goto retry
                boot || goto retry
                :retry
                inc attempt
                iseq ${attempt} 6 && goto failed ||
                echo cp-1: loading Talos v1.13.5 failed, attempt ${attempt} of 6. Again in ${attempt} s
                sleep ${attempt} ||
                goto again
                :failed
                echo cp-1 could not load Talos v1.13.5 from Slipway 1.0 (http://10.77.0.2:8080) in 6 attempts.
                sleep 10 ||
                iseq ${platform} efi && exit 1 || exit

                """)
    }

    @Test func aUnifiedKernelImageIsLoadedAlone() throws {
        let script = MachineScript(
            machine: "gpu", title: "Talos", payload: .unifiedKernelImage(url: "http://a/uki.efi"), commandLine: "")
        let lines = try script.text(from: origin).split(separator: "\n")
        #expect(lines.contains("kernel --name talos --timeout 60000 http://a/uki.efi || goto retry"))
        #expect(!lines.contains { $0.hasPrefix("initrd") })
    }

    @Test func localDiskGoesByPlatform() {
        #expect(
            LocalDiskScript.text(machine: "cp-1", from: origin) == """
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): cp-1 boots from its disk
                iseq ${platform} efi && goto efi ||
                sanboot --no-describe --drive 0x80 ||
                exit
                :efi
                exit 1

                """)
        #expect(
            LocalDiskScript.text(machine: "cp-1", from: origin, method: .firstDisk).hasSuffix(
                #"""
                :efi
                set loader BOOTX64.EFI
                iseq ${buildarch} arm64 && set loader BOOTAA64.EFI ||
                sanboot --no-describe --drive 0 --filename \EFI\BOOT\${loader} ||
                exit 1

                """#))
    }

    @Test func waitingMachinesAskAgainFromTheBeginning() throws {
        #expect(
            try WaitScript.text(machine: "52:54:00:12:34:56", from: origin) == """
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): nothing is assigned to 52:54:00:12:34:56 yet.
                echo It asks again every 30 s; add it to the machines file.
                set attempt:int32 0
                :again
                imgfree
                sleep 30 ||
                chain --replace --autofree --timeout 10000 http://10.77.0.2:8080/boot.ipxe || goto retry
                :retry
                inc attempt
                iseq ${attempt} 10 && goto failed ||
                echo Slipway 1.0: asking again failed, attempt ${attempt} of 10. Again in ${attempt} s
                sleep ${attempt} ||
                goto again
                :failed
                echo Slipway 1.0 (http://10.77.0.2:8080) no longer answers.
                sleep 10 ||
                iseq ${platform} efi && exit 1 || exit

                """)
    }

    @Test func aRefusalSaysWhyAndEnds() {
        #expect(
            RefusalScript.text(machine: "cp-1", reason: "version v9 is not imported", from: origin) == """
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): cp-1 cannot be booted:
                echo version v9 is not imported
                sleep 10 ||
                iseq ${platform} efi && exit 1 || exit

                """)
    }

    @Test func factoryScriptsAreTheServicesOwn() throws {
        let schematic = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
        #expect(
            FactoryScript.text(
                base: "https://pxe.example.com/", schematic: schematic, version: TalosVersion(1, 11, 0),
                asset: try AssetPath(parsingScript: "metal-x86_64"), commandLine: "talos.platform=metal console=tty0")
                    == """
                    #!ipxe

                    imgfree
                    kernel https://pxe.example.com/image/\(schematic)/v1.11.0/kernel-amd64 talos.platform=metal console=tty0
                    initrd https://pxe.example.com/image/\(schematic)/v1.11.0/initramfs-amd64.xz
                    boot

                    """)
        #expect(
            FactoryScript.text(
                base: "https://pxe.example.com", schematic: schematic, version: TalosVersion(1, 11, 0),
                asset: try AssetPath(parsingScript: "metal-amd64-secureboot"), commandLine: "talos.platform=metal")
                    == """
                    #!ipxe

                    imgfree
                    kernel https://pxe.example.com/image/\(schematic)/v1.11.0/metal-amd64-secureboot-uki.efi talos.platform=metal
                    boot

                    """)
    }
}
