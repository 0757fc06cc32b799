import Foundation
import Glibc
import LayoutBuilding
import ServerTesting
import Testing

/// What `explain` says, and that the daemon does it.
@Suite struct ExplainTests {
    private let scratch: Scratch
    private let store: String
    private let loaders: String
    private let machines: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        loaders = try Loaders.folder(in: scratch)
        machines = try scratch.write(
            "machines.yaml",
            """
            defaults: {schematic: {customization: {}}, version: latest}
            machines:
            - {name: one, mac: 52:54:00:00:00:01}
            - {name: arm, match: {mac: 52:54:00:00:00:02, arch: arm64}}

            """)
    }

    private func serve(_ more: [String] = ["--no-tftp"]) throws -> Program {
        try Program(
            [
                "serve", "--store", store, "--config", machines, "--dhcp", "off", "--http-address", "127.0.0.1",
                "--http-port", "0", "--loader-folder", loaders,
            ] + more)
    }

    private func explain(_ mac: String, _ more: [String]) throws -> String {
        let program = try Program(["explain", mac, "--store", store, "--config", machines] + more)
        #expect(try program.finish() == 0, "\(program.errors)")
        return program.output
    }

    @Test func architectureLoadersAndStepsComeFromTheDaemon() throws {
        try Data("loader".utf8).write(to: URL(filePath: "\(loaders)/ipxe-arm64.efi"))
        let daemon = try serve()
        let port = try daemon.port()
        _ = try HTTPConnection(port: port).ask("GET", "/boot?mac=52-54-00-00-00-01&arch=arm64")
        let server = ["--server", "http://127.0.0.1:\(port)", "--loader-folder", "\(scratch.path)/none"]
        let text = try explain("52:54:00:00:00:01", server)
        #expect(text.contains("architecture  arm64\n"), "\(text)")
        #expect(text.contains("kernel-arm64") && text.contains("U-Boot") && !text.contains("amd64"), "\(text)")
        let names = text.split(separator: "\n").first { $0.hasPrefix("loaders ") }
        #expect(names?.contains("ipxe-arm64.efi, ") == true, "\(text)")
        #expect(text.contains(" s  script     machine 'one': Talos v1.13.5"), "\(text)")
        #expect(!text.contains("\"stage\""), "the timeline is for people")
        let told = try explain("52:54:00:00:00:01", server + ["--arch", "amd64"])
        #expect(told.contains("kernel-amd64"))
        let assumed = try explain("52:54:00:00:00:01", [])
        #expect(assumed.contains("architecture  amd64 (assumed"), "\(assumed)")
        #expect(try explain("52:54:00:00:00:02", []).contains("architecture  arm64 (assumed"))
        let json =
            try JSONSerialization.jsonObject(
                with: Data(explain("52:54:00:00:00:01", server + ["--json"]).utf8)) as? [String: Any]
        #expect((json?["timeline"] as? String)?.contains("\"stage\"") == true, "scripts read it as before")
    }

    @Test(arguments: ["52:54:00:00:00:01", "52:54:00:00:00:99"])
    func explainAndTheDaemonGiveOneScript(mac: String) throws {
        let daemon = try serve()
        let port = try daemon.port()
        let script = try HTTPConnection(port: port).ask("GET", "/boot?mac=\(mac)&arch=amd64").text
        let text = try explain(mac, [])
        // Their URLs differ, as explain names the first interface.
        let lines = script.split(separator: "\n").filter { !$0.contains("http://") }
        for line in lines { #expect(text.contains("  \(line)\n") || text.hasSuffix("  \(line)\n"), "\(line): \(text)") }
    }

    @Test func whatTheReleaseLacksIsToldAndStandsOnTheStory() throws {
        var layout = OCILayout()
        let folder = "usr/install/amd64"
        layout.list(
            try layout.add(
                ImageContent(
                    [
                        [
                            LayoutBuilding.folder("usr"), LayoutBuilding.folder("usr/install"),
                            LayoutBuilding.folder(folder), file("\(folder)/vmlinuz", "kernel"),
                            file("\(folder)/initramfs.xz", "initramfs"),
                        ]
                    ], entrypoint: ["/bin/imager"], labels: ["alpha.talos.dev/version": "v1.12.0"])),
            as: "ghcr.io/siderolabs/imager:v1.12.0")
        try layout.write(toFolder: "\(scratch.path)/layout")
        let program = try Program(["release", "import", "--store", store, "\(scratch.path)/layout"])
        #expect(try program.finish() == 0, "\(program.errors)")
        try scratch.write(
            "machines.yaml",
            "machines: [{mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: v1.12.0}]\n")
        let daemon = try serve()
        let connection = try HTTPConnection(port: daemon.port())
        let script = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=arm64").text
        #expect(script.contains("no boot files for arm64") && !script.contains("/kernel-amd64"), "\(script)")
        let story = try connection.ask("GET", "/machines/52-54-00-00-00-01").text
        #expect(story.contains("\"stage\":\"failed\"") && story.contains("no boot files for arm64"), "\(story)")
        #expect(try connection.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=amd64").text.contains("kernel-amd64"))
    }

    @Test func refusedNamesStandOnTheStory() throws {
        let daemon = try serve(["--tftp-port", "0", "--tftp-root", "\(scratch.path)/none"])
        let connection = try HTTPConnection(port: daemon.port())
        let port = try daemon.port("tftp")
        // By its boot script the machine is known at this address.
        _ = try connection.ask("GET", "/boot?mac=52-54-00-00-00-01&arch=amd64")
        let client = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(client) }
        var time = timeval(tv_sec: Int(patience), tv_usec: 0)
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        for file in ["pxelinux.cfg/default-arm", "boot.scr.uimg"] {
            let request = [0, 1] + Array(file.utf8) + [0] + Array("octet".utf8) + [0]
            let sent = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    sendto(client, request, request.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            #expect(sent == request.count)
            // The next is asked for when this one is answered, as firmware does.
            var answer = [UInt8](repeating: 0, count: 600)
            let count = recv(client, &answer, answer.count, 0)
            #expect(count > 4 && answer[1] == 5)
        }
        #expect(
            try holds {
                let story = try connection.ask("GET", "/machines/52-54-00-00-00-01").text
                return story.contains("pxelinux.cfg/default-arm by TFTP: refused")
                    && story.contains("boot.scr.uimg by TFTP: refused")
            })
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["LAB"] != nil, "takes more than a minute; run with LAB=1"))
    func aBootThatStopsSaysSo() throws {
        let daemon = try serve()
        let connection = try HTTPConnection(port: daemon.port())
        // By its boot script the machine is known at this address, where its firmware fetches a loader.
        _ = try connection.ask("GET", "/boot?mac=52-54-00-00-00-99&arch=amd64")
        _ = try connection.ask("GET", "/loaders/ipxe.efi")
        #expect(
            try holds {
                try connection.ask("GET", "/machines/52-54-00-00-00-99").text.contains(
                    "nothing heard for 60 s: Secure Boot")
            })
        #expect(daemon.says("notice boot stopped"), "\(daemon.errors)")
    }

    @Test func commandsListTheOptionsThatTheyUse() throws {
        for (command, used, unused) in [
            (
                "build", ["--store", "--external-url", "--talos"],
                ["--dhcp", "--config", "--tftp-root", "--loader-folder"]
            ),
            ("explain", ["--config", "--loader-folder", "--server"], ["--dhcp", "--builds", "--http-address"]),
            ("serve", ["--dhcp", "--config-network", "--builds", "--config", "--schematic-limit"], []),
            ("check", ["--dhcp", "--tftp-root", "--config"], []),
        ] {
            let help = try Program([command, "--help"])
            #expect(try help.finish() == 0)
            for option in used { #expect(help.output.contains("\(option) "), "\(command) \(option)") }
            for option in unused { #expect(!help.output.contains(option), "\(command) \(option)") }
        }
        // The daemon's options are taken all the same.
        let daemon = ["--dhcp", "off", "--no-tftp", "--builds", "2", "--tftp-root", scratch.path, "--config", machines]
        let target = "\(scratch.path)/kernel"
        let build = try Program(["build", "kernel-amd64", "--store", store, "--output", target] + daemon)
        #expect(try build.finish() == 0, "\(build.errors)")
        let explain = try Program(["explain", "52:54:00:00:00:01", "--store", store] + daemon)
        #expect(try explain.finish() == 0, "\(explain.errors)")
    }
}
