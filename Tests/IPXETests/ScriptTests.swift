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
                set pause:int32 0
                :again
                imgfree
                imgfetch --name machine --timeout 10000 http://10.77.0.2:8080/boot?mac=${netX/mac:hexhyp}&uuid=${uuid}&arch=${buildarch}&platform=${platform}&serial=${serial:uristring}&manufacturer=${manufacturer:uristring}&product=${product:uristring} || goto retry
                chain --replace --autofree machine || goto retry
                :retry
                inc attempt
                iseq ${attempt} 36 && goto failed ||
                iseq ${pause} 10 || inc pause ||
                echo Slipway 1.0: the boot script failed, attempt ${attempt} of 36. Again in ${pause} s
                sleep ${pause} ||
                goto again
                :failed
                echo Slipway 1.0 (http://10.77.0.2:8080) gave no boot script after 36 attempts.
                echo Is the appliance running, and can this machine reach it?
                sleep 10 ||
                iseq ${platform} efi && exit 1 || exit

                """#)
    }

    /// The network of an iPXE that has just loaded its `autoexec.ipxe` is down.
    @Test func aScriptBesideTheLoaderBringsUpTheNetworkFirst() throws {
        let plain = try FirstStageScript.text(from: origin)
        let beside = try FirstStageScript.text(from: origin, bringingUpNetwork: true)
        #expect(beside == plain.replacing("#!ipxe\n", with: "#!ipxe\nifconf -c dhcp || dhcp ||\n"))
    }

    /// Runs the counting of a script as iPXE would while every attempt fails at once.
    @Test func scriptsGoOnForFiveMinutesWithPausesOfTenSecondsAtMost() throws {
        let kernel = MachineScript.Payload.kernel(url: "http://a/k", initramfs: "http://a/i")
        let scripts = [
            try FirstStageScript.text(from: origin), try WaitScript.text(machine: "m", from: origin, seconds: 0),
            try MachineScript(machine: "m", title: "t", payload: kernel, commandLine: "a").text(from: origin),
        ]
        for script in scripts {
            let lines = script.split(separator: "\n").map(String.init)
            var settings: [String: Int] = [:]
            var pauses: [Int] = []
            var index = 0
            var steps = 0
            func value(_ word: Substring) -> Int? {
                word.hasPrefix("${") ? settings[String(word.dropFirst(2).dropLast())] : Int(word)
            }
            while index < lines.count, lines[index] != ":failed" {
                steps += 1
                try #require(steps < 10_000, "it never ends")
                let words = lines[index].split(separator: " ")
                index += 1
                switch words[0] {
                case "set" where words[1].hasSuffix(":int32"):
                    let initial: Int = try #require(value(words[2]))
                    settings[String(words[1].dropLast(6))] = initial
                case "inc": settings[String(words[1]), default: 0] += 1
                case "iseq" where words[1].hasPrefix("${attempt}") || words[1].hasPrefix("${pause}"):
                    let isEqual = value(words[1]) == value(words[2])
                    if words[3] == "&&", isEqual { index = try #require(lines.firstIndex(of: ":\(words[5])")) }
                    if words[3] == "||", !isEqual { settings[String(words[5]), default: 0] += 1 }
                case "sleep": pauses.append(try #require(value(words[1])))
                case "goto": index = try #require(lines.firstIndex(of: ":\(words[1])"))
                case "kernel", "imgfetch", "chain": index = try #require(lines.firstIndex(of: ":retry"))
                default: break
                }
            }
            #expect(lines[index] == ":failed")
            #expect(pauses.reduce(0, +) >= 300 && pauses.reduce(0, +) < 400, "\(pauses)")
            #expect(pauses.max() == 10)
        }
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
                set pause:int32 0
                :again
                imgfree
                kernel --name talos --timeout 60000 http://10.77.0.2:8080/image/3765/v1.13.5/kernel-amd64 talos.platform=metal console=tty0 ${handover} || goto retry
                initrd --name initramfs --timeout 60000 http://10.77.0.2:8080/image/3765/v1.13.5/initramfs-amd64.xz || goto retry
                boot || goto retry
                :retry
                inc attempt
                iseq ${attempt} 36 && goto failed ||
                iseq ${pause} 10 || inc pause ||
                echo cp-1: loading Talos v1.13.5 failed, attempt ${attempt} of 36. Again in ${pause} s
                sleep ${pause} ||
                goto again
                :failed
                echo cp-1 could not load Talos v1.13.5 from Slipway 1.0 (http://10.77.0.2:8080) in 36 attempts.
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
    }

    @Test func waitingMachinesAskAgainFromTheBeginning() throws {
        #expect(
            try WaitScript.text(machine: "52:54:00:12:34:56", from: origin) == """
                #!ipxe
                echo Slipway 1.0 (http://10.77.0.2:8080): nothing is assigned to 52:54:00:12:34:56 yet.
                echo It asks again every 30 s; add it to the machines file.
                set attempt:int32 0
                set pause:int32 0
                :again
                imgfree
                sleep 30 ||
                chain --replace --autofree --timeout 10000 http://10.77.0.2:8080/boot.ipxe || goto retry
                :retry
                inc attempt
                iseq ${attempt} 36 && goto failed ||
                iseq ${pause} 10 || inc pause ||
                echo Slipway 1.0: asking again failed, attempt ${attempt} of 36. Again in ${pause} s
                sleep ${pause} ||
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
