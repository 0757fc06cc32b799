import ArgumentParser
import Foundation
import LabSupport
import TestSupport

/// Boots a virtual machine over a network that exists only inside this host, from an image that Slipway has just made.
@main
struct SlipwayDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slipway-demo",
        abstract: "Boot a virtual machine over the network with Slipway, offline.",
        discussion: """
            Makes a Talos-shaped release out of Debian packages (the only step that uses the network, and only the first \
            time), imports it, starts the daemon in a network namespace of its own beside a DHCP server that knows nothing of \
            it, and boots a machine by its MAC address. Needs root for the namespaces.
            """)

    @Option(help: "The firmware of the machine: bios, uefi or http.")
    var firmware = "uefi"

    @Option(help: "The folder for what is downloaded and made, to be found again the next time.")
    var cache = ".lab/cache"

    func run() async throws {
        do { try await demonstrate() } catch let error as LabError {
            throw fail(error.description)
        } catch let error as TestSupportError {
            throw fail(error.description)
        }
    }

    private func demonstrate() async throws {
        let machine = LabMachine("demo", number: 0x10, firmware: try chosenFirmware)
        guard getuid() == 0 else {
            throw fail("the demo makes network namespaces and needs root: use 'make demo' or sudo")
        }
        let slipway = try besideThisProgram("slipway")

        say("1. A release of Talos' shape, out of Debian packages: a real kernel, an initramfs, extensions")
        let release = try TalosShapedRelease(cache: cache)
        let layout = try release.layout { say("   \($0)") }

        try await Lab.run("demo") { lab in
            say("2. Slipway takes it in: slipway release import \(layout)")
            let store = "\(lab.evidence)/store"
            let report = try slipway(["release", "import", "--store", store, layout])
            say("   \(report.split(separator: "\n").count) images")

            let folder = "\(lab.evidence)/operator"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data(Self.machines(for: machine).utf8).write(to: URL(filePath: "\(folder)/machines.yaml"))
            try Data("machine: {type: worker}\n".utf8).write(to: URL(filePath: "\(folder)/demo.yaml"))
            say("3. The machines file says who boots what:\n")
            say(Self.machines(for: machine).split(separator: "\n").map { "      \($0)" }.joined(separator: "\n"))

            say("\n4. The daemon, beside a DHCP server that only gives addresses")
            let daemon = try await lab.startDaemonOnAppliance(
                "slipway",
                [
                    slipway.path, "serve", "--store", store, "--config", "\(folder)/machines.yaml", "--interface",
                    "eth0",
                    "--http-port", "80",
                ])

            say("5. Power on \(machine.mac): \(firmware) firmware, nothing on its disk\n")
            let printer = SerialPrinter()
            let facts = try await lab.boot(machine) { printer.show($0) }
            printer.finish()

            say("\n6. What Slipway saw of this boot:\n")
            for line in daemon.recording.text.split(separator: "\n") where line.contains("boot step") {
                say("   \(line)")
            }
            guard facts.failures.isEmpty else { throw LabError(facts.failures.joined(separator: "\n")) }
            say(
                """

                The machine booted \(facts.release ?? "?") in \(facts.duration.components.seconds) s with \
                \(facts.layers.count) layers: \(facts.layers.map(\.name).joined(separator: ", ")).
                Its command line: \(facts.commandLine.joined(separator: " "))
                """)
        }
    }

    private var chosenFirmware: LabMachine.Firmware {
        get throws {
            switch firmware {
            case "bios": return .bios
            case "uefi": return .uefi
            case "http": return .uefiHTTP
            default: throw ValidationError("--firmware is one of bios, uefi, http")
            }
        }
    }

    private static func machines(for machine: LabMachine) -> String {
        """
        schematics:
          demo:
            customization:
              systemExtensions:
                officialExtensions:
                  - siderolabs/hello-world
                  - siderolabs/vxlan-modules
                  - siderolabs/intel-ucode
        defaults:
          version: latest
        machines:
          - name: demo
            mac: \(machine.mac)
            schematic: demo
            args: [talos.hostname=demo, console=ttyS0]
            config: demo.yaml
        unknown: ignore

        """
    }

    private func besideThisProgram(_ name: String) throws -> ExternalProgram {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return try ExternalProgram(at: URL(filePath: own).deletingLastPathComponent().path + "/\(name)")
    }

    private func fail(_ sentence: String) -> ExitCode {
        FileHandle.standardError.write(Data("slipway-demo: \(sentence)\n".utf8))
        return ExitCode(1)
    }
}

/// Prints a line at once, so that it is seen while the next step runs.
private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
