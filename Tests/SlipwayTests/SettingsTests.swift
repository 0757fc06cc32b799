import Foundation
import ServerTesting
import Testing

/// Settings as the program takes them: out of a file, the environment and flags.
@Suite struct SettingsTests {
    private let scratch: Scratch
    private let store: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
    }

    private static let machines =
        "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: latest}\n"

    private func write(_ settings: String, _ name: String = "slipway.yaml") throws -> String {
        try scratch.write(name, settings)
    }

    private func listing(_ arguments: [String], _ environment: [String: String] = [:]) throws -> String {
        let program = try Program(["settings"] + arguments, environment: environment)
        #expect(try program.finish() == 0, "\(program.errors)")
        return program.output
    }

    private func serving(_ settings: String) -> String {
        """
        http: {address: 127.0.0.1, port: 0}
        metrics: {address: off}
        dhcp: off
        tftp: {enabled: false}
        store: {path: store}
        \(settings)
        """
    }

    /// Whether a daemon's first machine is told to boot.
    private func boots(_ program: Program) throws -> Bool {
        let connection = try HTTPConnection(port: program.port())
        return try connection.ask("GET", "/boot?mac=52:54:00:00:00:01").text.contains("kernel ")
    }

    @Test func theFileAloneIsEnough() throws {
        try scratch.write("machines.yaml", Self.machines)
        let file = try write(serving("machines: machines.yaml\nlog-level: info"))
        let program = try Program(["serve", "--settings", file])
        #expect(try boots(program))
        #expect(program.says("setting from=\(file):3:7 name=dhcp value=off"), "\(program.errors)")
    }

    @Test func theEnvironmentIsStrongerThanTheFileAndAFlagIsStrongest() throws {
        let file = try write("http: {port: 1}\nbuilds: {waiting: 1}\nschematics: {size-limit: 2000}\n")
        let text = try listing(
            ["--settings", file, "--waiting-builds", "3"],
            ["SLIPWAY_HTTP_PORT": "2", "SLIPWAY_BUILDS_WAITING": "2"])
        let lines = text.split(separator: "\n").map { $0.split { $0 == " " }.joined(separator: " ") }
        #expect(lines.contains("port: 2 # SLIPWAY_HTTP_PORT"), "\(text)")
        #expect(lines.contains("waiting: 3 # --waiting-builds"), "\(text)")
        #expect(lines.contains("size-limit: 2000 # \(file):3:26"), "\(text)")
        #expect(lines.contains("dhcp: automatic # default"), "\(text)")
        // What it prints is a file that says the same.
        let again = try write(text, "again.yaml")
        let values = { (text: String) in
            text.split(separator: "\n").map { $0.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ") }
        }
        #expect(values(try listing(["--settings", again])) == values(text))
    }

    @Test func theVariableNamesAFileAsTheFlagDoes() throws {
        let file = try write("http: {port: 5}\n")
        #expect(try listing([], ["SLIPWAY_SETTINGS": file]).contains("\(file):1:14"))
        let other = try write("http: {port: 6}\n", "other.yaml")
        #expect(try listing(["--settings", other], ["SLIPWAY_SETTINGS": file]).contains("\(other):1:14"))
    }

    @Test func theyArePrintedAsJSONToo() throws {
        let program = try Program(["settings", "--json", "--interface", "eth0", "--http-port", "81"])
        #expect(try program.finish() == 0, "\(program.errors)")
        let entries = try #require(
            JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [[String: Any]])
        let port = try #require(entries.first { $0["name"] as? String == "http.port" })
        #expect(port["value"] as? String == "81" && port["origin"] as? String == "--http-port")
        let interfaces = try #require(entries.first { $0["name"] as? String == "interfaces" })
        #expect(interfaces["value"] as? [String] == ["eth0"])
    }

    @Test(arguments: [
        ["serve"], ["settings"], ["explain", "52:54:00:00:00:01"], ["build", "kernel-amd64"], ["release", "list"],
        ["store", "stats"], ["schematic", "id", "-"],
    ])
    func mistakesEndACommandAllAtOnceWithTheirPlaces(command: [String]) throws {
        let file = try write("htpp: {}\nhttp: {port: x}\n")
        let program = try Program(
            command + ["--settings", file], environment: ["SLIPWAY_DHCP": "x", "SLIPWAY_HTTP_PROT": "1"])
        #expect(try program.finish() == 1)
        #expect(
            program.errorLines == [
                "slipway: the settings are refused:",
                "\(file):1:1: unknown key 'htpp' in the settings file; did you mean 'http'?",
                "\(file):2:14: 'port' of 'http' is 'x'; write a number from 0 to 65535",
                "SLIPWAY_DHCP: it is 'x'; it is one of automatic, socket, capture, off",
                "SLIPWAY_HTTP_PROT: there is no such setting; did you mean 'SLIPWAY_HTTP_PORT'?",
            ], "\(program.errors)")
        #expect(program.output.isEmpty)
    }

    @Test func aPasswordIsShownNowhere() throws {
        let environment = [
            "SLIPWAY_REGISTRIES_USERNAME": "harbor.lan=robot", "SLIPWAY_REGISTRIES_PASSWORD": "harbor.lan=hunter2",
        ]
        let text = try listing([], environment)
        #expect(text.contains("    password: \"(hidden)\" ") && !text.contains("hunter2"), "\(text)")
        let program = try Program(["settings", "--json"], environment: environment)
        #expect(try program.finish() == 0 && !program.output.contains("hunter2"), "\(program.output)")
        let daemon = try Program(
            ["serve", "--settings", write(serving(""))], environment: environment)
        _ = try daemon.port()
        #expect(daemon.says("(hidden)"))
        #expect(!daemon.errors.contains("hunter2"), "\(daemon.errors)")
    }

    @Test func aNamedFileThatIsNotThereIsAnError() throws {
        let program = try Program(["settings", "--settings", "\(scratch.path)/none.yaml"])
        #expect(try program.finish() == 1)
        #expect(program.errors.contains("none.yaml:1:1: the file cannot be read: No such file"), "\(program.errors)")
    }

    @Test func checkLooksAtSettingsAndMachinesAtOnce() throws {
        try scratch.write("machines.yaml", "machines:\n- {nmae: one}\n")
        let file = try write("dhcp: never\nmachines: machines.yaml\n")
        let program = try Program(["check", "--settings", file, "--json"])
        #expect(try program.finish() == 1)
        let problems = try JSONDecoder().decode([String].self, from: Data(program.output.utf8))
        #expect(problems.first?.hasPrefix("\(file):1:7: 'dhcp' of the settings file is 'never'") == true, "\(problems)")
        #expect(
            problems.contains { $0.hasPrefix("\(scratch.path)/machines.yaml:2:4: unknown key 'nmae'") }, "\(problems)")
    }

    /// What is wrong with a sound value is told by its place, too.
    @Test func checkNamesThePlaceOfAValueThatCannotBeHad() throws {
        let file = try write("http: {address: 192.0.2.1}\ntftp: {root: none}\ninterfaces: [nonexistent0]\n")
        let program = try Program(
            ["check", "--settings", file, "--store", store], environment: ["SLIPWAY_LOADER_FOLDERS": "/nonexistent"])
        #expect(try program.finish() == 1)
        for text in [
            "\(file):1:17: http.address 192.0.2.1: ",
            "\(file):2:14: tftp.root \(scratch.path)/none: there is no such folder",
            "\(file):3:14: interfaces nonexistent0: there is no such interface",
            "SLIPWAY_LOADER_FOLDERS /nonexistent: there is no such folder",
        ] {
            #expect(program.errors.contains(text), "\(program.errors)")
        }
    }

    @Test func commandsFindTheStoreThatTheSettingsName() throws {
        let file = try write("store: {path: store}\n")
        let list = try Program(["release", "list", "--settings", file])
        #expect(try list.finish() == 0, "\(list.errors)")
        #expect(list.output.contains("v1.13.5"), "\(list.output)")
        let flag = try Program(["store", "stats", "--settings", file, "--store", "\(scratch.path)/none"])
        #expect(try flag.finish() == 1)
    }

    /// The line of the unit, with the environment file that the first release had.
    @Test func theUnitsOptionsGoOnWorking() throws {
        let unit = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../systemd/slipway.service")
        let line = try #require(
            String(contentsOf: unit, encoding: .utf8).split(separator: "\n").first { $0.hasPrefix("ExecStart=") })
        let command = line.dropFirst("ExecStart=".count).replacing("/usr/bin/slipway", with: Program.path)
        let machines = try scratch.write("machines.yaml", Self.machines)
        let options =
            "--store \(store) --config \(machines) --dhcp off --no-tftp --http-address 127.0.0.1 --http-port 0 "
            + "--metrics-address off"
        let program = try Program(
            command: ["/bin/sh", "-c", "exec \(command)"], environment: ["SLIPWAY_OPTIONS": options])
        #expect(try boots(program))
    }

    /// In a folder /etc of its own: neither file is named, both may come.
    @Test(.enabled(if: Program.canUnshare, "needs mounts of its own"))
    func theUsualFilesAreReadIfTheyAreThere() throws {
        let folder = "\(scratch.path)/etc/slipway"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func program(_ arguments: String) throws -> Program {
            try Program(
                command: [
                    "/usr/bin/unshare", "-rm", "/bin/sh", "-c",
                    "mount --bind \(scratch.path)/etc /etc && exec \(Program.path) \(arguments)",
                ], environment: ["SLIPWAY_SETTINGS": ""])
        }
        let check = try program("check --store \(store) --dhcp off --no-tftp")
        _ = try check.finish()
        #expect(check.errors.contains("there is no /etc/slipway/machines.yaml, so no machine boots"), "\(check.errors)")
        try scratch.write("etc/slipway/slipway.yaml", serving("").replacing("path: store", with: "path: \(store)"))
        let daemon = try program("serve")
        #expect(try !boots(daemon))
        #expect(daemon.says("there is no machines file; no machine boots until it is written"), "\(daemon.errors)")
        let connection = try HTTPConnection(port: daemon.port())
        #expect(try connection.ask("GET", "/readyz").status == 200)
        try scratch.write("etc/slipway/machines.yaml", Self.machines)
        #expect(try holds { try boots(daemon) }, "\(daemon.errors)")
        // Named, it has to be there.
        try FileManager.default.removeItem(atPath: "\(folder)/machines.yaml")
        let named = try program("check --config /etc/slipway/machines.yaml")
        #expect(try named.finish() == 1)
        #expect(named.errors.contains("/etc/slipway/machines.yaml:1:1: the file cannot be read"), "\(named.errors)")
    }
}
