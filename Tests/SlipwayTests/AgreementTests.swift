import Digests
import Foundation
import ServerTesting
import Testing

/// `check`, `explain` and the daemon's `/boot` say the same of a machine, whatever its rule is and whatever it lacks.
@Suite struct AgreementTests {
    /// A machine, its entry, and what it says of itself when it boots.
    struct Case: Sendable, CustomStringConvertible {
        var name: String
        var entry: String
        var mac = "52:54:00:00:00:01"
        var uuid: String?
        var serial: String?
        /// A part of the reason for which it cannot boot; nil if it can.
        var problem: String?

        var description: String { name }
    }

    private static let uuid = "11223344-5566-7788-99aa-bbccddeeff00"
    private static let missing = String(repeating: "ab", count: 32)
    /// A schematic that another version of the store may have taken in, and this one does not serve.
    private static let owned = "customization: {}\nowner: somebody\n"

    private static let cases = [
        Case(name: "address", entry: "mac: '52:54:00:00:00:01'"),
        Case(name: "pattern", entry: "match: {mac: '52:54:01:*'}", mac: "52:54:01:00:00:09"),
        Case(name: "uuid", entry: "match: {uuid: \(uuid)}", mac: "52:54:02:00:00:01", uuid: uuid),
        Case(
            name: "serial", entry: "match: {serial: 'S 1'}, config: one.yaml", mac: "52:54:02:00:00:02", serial: "S 1"),
        Case(name: "disk", entry: "mac: '52:54:00:00:00:02', boot: local", mac: "52:54:00:00:00:02"),
        Case(name: "once", entry: "mac: '52:54:00:00:00:03', boot: once", mac: "52:54:00:00:00:03"),
        Case(name: "stored", entry: "mac: '52:54:00:00:00:04', schematic: STORED", mac: "52:54:00:00:00:04"),
        Case(
            name: "missing", entry: "mac: '52:54:00:00:00:05', schematic: \(missing)", mac: "52:54:00:00:00:05",
            problem: "the schematic \(missing) is not in the store"),
        Case(
            name: "altered", entry: "mac: '52:54:00:00:00:06', schematic: ALTERED", mac: "52:54:00:00:00:06",
            problem: "has been altered in the store"),
        Case(
            name: "owned", entry: "mac: '52:54:00:00:00:07', schematic: OWNED", mac: "52:54:00:00:00:07",
            problem: "the schematic "),
        Case(
            name: "version", entry: "mac: '52:54:00:00:00:08', version: v1.2.3", mac: "52:54:00:00:00:08",
            problem: "Talos v1.2.3 is not in the store"),
        Case(
            name: "secure", entry: "mac: '52:54:00:00:00:09', secureboot: true", mac: "52:54:00:00:00:09",
            problem: "secureboot: true needs a signed UKI"),
        Case(
            name: "extension",
            entry: "mac: '52:54:00:00:00:0a', schematic: {customization: {systemExtensions: "
                + "{officialExtensions: [siderolabs/nothing]}}}", mac: "52:54:00:00:00:0a",
            problem: "has no extension siderolabs/nothing"),
        Case(
            name: "long",
            entry: "match: {mac: '52:54:00:00:00:0b', arch: amd64}, args: ["
                + (0..<80).map { "a\($0)=\(String(repeating: "x", count: 30))" }.joined(separator: ", ") + "]",
            mac: "52:54:00:00:00:0b", problem: "the kernel command line has "),
        Case(
            name: "unwritable",
            entry: "mac: '52:54:00:00:00:0c', schematic: {customization: {extraKernelArgs: ['x=${net0/mac}']}}",
            mac: "52:54:00:00:00:0c", problem: "'x=${net0/mac}' has "),
        // The file has the schematic in another place, before or behind, and this machine may be the first to ask.
        Case(name: "before", entry: "mac: '52:54:00:00:00:0d', schematic: GIVEN", mac: "52:54:00:00:00:0d"),
        Case(
            name: "given", entry: "mac: '52:54:00:00:00:0e', schematic: {customization: {extraKernelArgs: [b=2]}}",
            mac: "52:54:00:00:00:0e"),
        Case(name: "behind", entry: "mac: '52:54:00:00:00:0f', schematic: GIVEN", mac: "52:54:00:00:00:0f"),
    ]

    private let scratch: Scratch
    private let store: String
    private let loaders: String
    private let stored: String
    private let altered: String
    private let given: String

    init() throws {
        scratch = try Scratch()
        store = try scratch.filledStore()
        loaders = try Loaders.folder(in: scratch)
        try Data("loader".utf8).write(to: URL(filePath: "\(loaders)/ipxe-arm64.efi"))
        try scratch.write("one.yaml", "machine: {}\n")
        let records = "\(store)/records/schematics"
        try FileManager.default.createDirectory(atPath: records, withIntermediateDirectories: true)
        func keep(_ text: String, as id: String? = nil) throws -> String {
            let id = id ?? Digest.of(Array(text.utf8)).hexadecimal
            try Data(text.utf8).write(to: URL(filePath: "\(records)/\(id)"))
            return id
        }
        stored = try keep("customization: {}\n")
        altered = try keep("customization: {}\n", as: String(repeating: "cd", count: 32))
        _ = try keep(Self.owned)
        let program = try Program(["schematic", "id", "-"], input: "{customization: {extraKernelArgs: [b=2]}}")
        #expect(try program.finish() == 0, "\(program.errors)")
        given = String(program.output.prefix(64))
    }

    private func machines(_ unknown: String) throws -> String {
        let entries = Self.cases.map { "- {name: \($0.name), \($0.entry)}" }.joined(separator: "\n")
            .replacingOccurrences(of: "GIVEN", with: given).replacingOccurrences(of: "STORED", with: stored)
            .replacingOccurrences(of: "ALTERED", with: altered)
            .replacingOccurrences(of: "OWNED", with: Digest.of(Array(Self.owned.utf8)).hexadecimal)
        return try scratch.write(
            "machines.yaml",
            "unknown: \(unknown)\n"
                + "defaults: {schematic: {customization: {extraKernelArgs: [a=1]}}, version: v1.13.5}\n"
                + "machines:\n\(entries)\n")
    }

    private struct Explained: Decodable {
        struct Answer: Decodable { var decision: String }

        var plan: String
        var script: String?
        var answers: [Answer]
    }

    private func explain(_ machine: Case, _ file: String, port: Int = 8080) throws -> Explained {
        var arguments = [
            "explain", machine.mac, "--store", store, "--config", file, "--loader-folder", loaders, "--json",
            "--arch", "amd64", "--interface", "lo", "--http-port", "80",
        ]
        if let uuid = machine.uuid { arguments += ["--uuid", uuid] }
        if let serial = machine.serial { arguments += ["--serial", serial] }
        let program = try Program(arguments)
        #expect(try program.finish() == 0, "\(program.errors)")
        return try JSONDecoder().decode(Explained.self, from: Data(program.output.utf8))
    }

    private func boot(_ machine: Case, _ connection: HTTPConnection) throws -> String {
        var target = "/boot?mac=\(machine.mac.replacingOccurrences(of: ":", with: "-"))&arch=x86_64"
        if let uuid = machine.uuid { target += "&uuid=\(uuid)" }
        if let serial = machine.serial { target += "&serial=\(serial.replacingOccurrences(of: " ", with: "%20"))" }
        return try connection.ask("GET", target).text
    }

    private func serve(_ file: String) throws -> Program {
        try Program([
            "serve", "--store", store, "--config", file, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1",
            "--http-port", "0", "--loader-folder", loaders,
        ])
    }

    /// The address is the one that each was asked at, and everything else is the same.
    private func sameScript(_ explained: Explained, _ told: String) -> Bool {
        explained.script?.replacingOccurrences(of: "http://127.0.0.1", with: "http://localhost") == told
    }

    @Test func everyKindOfRule() throws {
        let file = try machines("ignore")
        let check = try Program([
            "check", "--store", store, "--config", file, "--loader-folder", loaders, "--interface", "lo",
        ])
        #expect(try check.finish() == 1)
        let daemon = try serve(file)
        let connection = try HTTPConnection(port: daemon.port())
        for machine in Self.cases {
            let explained = try explain(machine, file)
            let told = try boot(machine, connection)
            #expect(sameScript(explained, told), "\(machine): \(explained.script ?? "none")\n\(told)")
            let rule = ": machine '\(machine.name)': "
            let found = check.errorLines.filter { $0.contains(rule) }
            guard let problem = machine.problem else {
                #expect(found.isEmpty, "\(found)")
                #expect(!told.contains("cannot be booted"), "\(machine): \(told)")
                #expect(told.contains("/kernel-amd64") == (machine.name != "disk"), "\(machine): \(told)")
                continue
            }
            #expect(found.count == 1, "\(machine): \(check.errors)")
            let text = found.first?.components(separatedBy: rule).last ?? ""
            #expect(text.contains(problem), "\(machine): \(text)")
            #expect(explained.plan == "machine '\(machine.name)': \(text)", "\(machine)")
            #expect(told.contains("cannot be booted") && !told.contains("/kernel-amd64"), "\(machine): \(told)")
        }
        #expect(check.errorLines.count == Self.cases.filter { $0.problem != nil }.count, "\(check.errors)")
        // Machines without a fault are given DHCP's answer, and so are those that are to be told theirs.
        let answered = try explain(Self.cases[0], file)
        #expect(answered.answers.contains { !$0.decision.hasPrefix("no answer") }, "\(answered.answers)")
    }

    /// A machine that is told of a schematic's assets gets them, whatever place of the file has the schematic.
    @Test func whatTheFileHasIsKeptForWhoeverNamesIt() throws {
        let file = try machines("ignore")
        let daemon = try serve(file)
        let connection = try HTTPConnection(port: daemon.port())
        let machine = try #require(Self.cases.first { $0.name == "before" })
        #expect(try connection.ask("GET", "/schematics/\(given)").status == 404)
        #expect(try boot(machine, connection).contains("b=2"))
        #expect(try connection.ask("GET", "/schematics/\(given)").status == 200)
    }

    @Test(arguments: ["ignore", "wait", "default"])
    func machinesThatNoEntryMatches(unknown: String) throws {
        let file = try machines(unknown)
        let daemon = try serve(file)
        let stranger = Case(
            name: "stranger", entry: "", mac: "02:00:00:00:00:01", uuid: Self.missingUUID, serial: "none")
        let explained = try explain(stranger, file)
        let told = try boot(stranger, HTTPConnection(port: daemon.port()))
        #expect(sameScript(explained, told), "\(explained.script ?? "none")\n\(told)")
        switch unknown {
        case "ignore":
            #expect(told.contains("no entry of machines.yaml matches 02:00:00:00:00:01"), "\(told)")
            #expect(explained.plan.hasPrefix("no entry of machines.yaml matches"), "\(explained.plan)")
        case "wait": #expect(told.contains("nothing is assigned"), "\(told)")
        default: #expect(told.contains("/kernel-amd64") && told.contains("a=1"), "\(told)")
        }
    }

    private static let missingUUID = "99999999-5566-7788-99aa-bbccddeeff00"

    /// DHCP has no serial number and asks no more than the machines file does: who may match later is answered, who may not is
    /// not, for the reason that `/boot` gives.
    @Test func whoIsIgnoredIsIgnoredEverywhere() throws {
        let file = try scratch.write(
            "machines.yaml",
            "machines: [{mac: 52:54:00:00:00:01, version: v1.13.5, schematic: {customization: {}}}]\n")
        let stranger = Case(name: "stranger", entry: "", mac: "02:00:00:00:00:01")
        let explained = try explain(stranger, file)
        #expect(explained.answers.allSatisfy { $0.decision == "no answer: \(explained.plan)" }, "\(explained.answers)")
        let daemon = try serve(file)
        let told = try boot(stranger, HTTPConnection(port: daemon.port()))
        #expect(sameScript(explained, told) && told.contains("cannot be booted"), "\(told)")
    }
}
