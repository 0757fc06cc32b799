import FolderTesting
import Machines
import NetworkTypes
import Schematics
import TalosModel
import Testing

func machine(
    _ mac: String, uuid: String? = nil, serial: String? = nil, arch: Architecture? = nil
) throws -> MachineIdentity {
    MachineIdentity(
        mac: try #require(MACAddress(parsing: mac)), uuid: uuid.flatMap { SystemUUID(parsing: $0) }, serial: serial,
        architecture: arch)
}

/// What the machine that only `expected` may match boots.
func name(_ file: MachinesFile, _ machine: MachineIdentity) -> String? {
    file.assignment(for: machine)?.assignment.name
}

private let example = """
    schematics:                        # names for schematics; inline, or a file, or an ID
      storage: schematics/storage.yaml
      plain: {customization: {}}
      known: 376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba
    defaults:
      schematic: plain
      version: v1.13.5
      args: [console=ttyS0]
    machines:
      - name: cp-1
        mac: 52:54:00:12:34:56
        schematic: storage
        args: [talos.hostname=cp-1]
        config: configs/cp-1.yaml
      - name: gpu nodes
        match: {mac: "a0:36:9f:*", arch: amd64}
        version: "1.12"
        secureboot: true
        chainload: true
      - name: bench pi
        mac: DC-A6-32-01-02-03
        schematic: {overlay: {image: siderolabs/sbc-raspberrypi, name: rpi_generic}, customization: {}}
        version: latest
        boot: once
        platform: nocloud
      - mac: 52:54:00:00:00:09
        schematic: known
        version: 1.10
        boot: local
    unknown: default
    """

@Suite struct MachinesFileTests {
    private func load(_ text: String, files: [String: String] = [:]) throws -> (MachinesFile, TemporaryFolder) {
        let folder = try TemporaryFolder()
        for (name, text) in files { try folder.write(name, text) }
        return (try MachinesFile.load(folder.write("machines.yaml", text)), folder)
    }

    @Test func theExampleSaysWhoBootsWhat() throws {
        let (file, folder) = try load(
            example,
            files: [
                "schematics/storage.yaml":
                    "customization:\n  systemExtensions:\n    officialExtensions:\n      - siderolabs/iscsi-tools\n",
                "configs/cp-1.yaml": "machine: {}\n",
            ])
        let plain = try Schematic(decoding: Array("customization: {}\n".utf8))

        let first = try #require(file.assignment(for: machine("52:54:00:12:34:56")))
        #expect(first.description == "machine 'cp-1' (mac 52:54:00:12:34:56) at \(folder.path)/machines.yaml:10:5")
        #expect(first.assignment.schematic?.schematic?.officialExtensions == ["siderolabs/iscsi-tools"])
        #expect(first.assignment.schematic?.name == "storage")
        #expect(first.assignment.version == .exact(TalosVersion(1, 13, 5)))
        #expect(first.assignment.arguments == ["console=ttyS0", "talos.hostname=cp-1"])
        #expect(first.assignment.configuration == "\(folder.path)/configs/cp-1.yaml")
        #expect(first.assignment.boot == .always)
        #expect(!first.assignment.secureBoot)
        #expect(!first.assignment.chainload)
        #expect(first.assignment.platform == "metal")

        let gpu = try #require(file.assignment(for: machine("a0:36:9f:01:02:03", arch: .amd64)))
        #expect(gpu.criteria == "mac a0:36:9f:*, arch amd64")
        #expect(gpu.assignment.version == .newestPatch(major: 1, minor: 12))
        #expect(gpu.assignment.secureBoot)
        #expect(gpu.assignment.chainload)
        #expect(gpu.assignment.schematic?.id == plain.id)

        let pi = try #require(file.assignment(for: machine("dc:a6:32:01:02:03")))
        #expect(pi.assignment.schematic?.schematic?.overlay?.name == "rpi_generic")
        #expect(pi.assignment.version == .latest)
        #expect(pi.assignment.boot == .once)
        #expect(pi.assignment.platform == "nocloud")

        let nameless = try #require(file.assignment(for: machine("52:54:00:00:00:09")))
        #expect(nameless.assignment.name == "52:54:00:00:00:09")
        #expect(nameless.assignment.schematic?.id == plain.id)
        #expect(nameless.assignment.schematic?.schematic == nil)
        #expect(nameless.assignment.version == .newestPatch(major: 1, minor: 10))

        let unknown = try #require(file.assignment(for: machine("00:00:00:00:00:01")))
        #expect(unknown.rule == "unknown machines")
        #expect(unknown.line == 30)
        #expect(unknown.assignment.name == nil)
        #expect(unknown.assignment.arguments == ["console=ttyS0"])

        #expect(file.schematics.count == 3)
        #expect(
            file.referencedFiles == ["\(folder.path)/configs/cp-1.yaml", "\(folder.path)/schematics/storage.yaml"])
    }

    @Test func unknownMachinesAreIgnoredUnlessTold() throws {
        let (file, _) = try load("machines: []")
        #expect(file.unknown == .ignore)
        #expect(try file.assignment(for: machine("00:00:00:00:00:01")) == nil)
        let (waiting, _) = try load("{machines: [], unknown: wait}")
        #expect(waiting.unknown == .wait)
        #expect(try waiting.assignment(for: machine("00:00:00:00:00:01")) == nil)
    }

    // A schematic's ID must be that of the same text in a file: an inline one is written anew from its nodes.
    @Test(arguments: [
        "customization: {extraKernelArgs: [a, 'b c', \"d\\te\", 'it''s', \"{}\", '1.0', 'null', '-', 'x: y', '#']}",
        "customization:\n  extraKernelArgs:\n  - console=ttyS0,115200\n  - a [b] {c}\n  - |\n    text\n    more\n",
        "customization: {meta: [{key: 0xa, value: '1'}, {key: 11, value: 12:30:45}]}",
        "overlay:\n  name: rpi\n  image: a/b\n  options: {n: 1, f: 1.5, "
            + " t: 2001-12-14 21:59:43.10 -5, b: true, s: '1', z: ~, m: 1_000}\n",
        "customization: {extraKernelArgs: [!!str 12, é, \"\\u2028\"]}",
        "customization: {extraKernelArgs: &x [a, b]}",
    ])
    func anInlineSchematicIsTheOneWritten(_ text: String) throws {
        let indented = text.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)" }
        let (file, _) = try load("schematics:\n  it:\n\(indented.joined(separator: "\n"))\nmachines: []\n")
        #expect(file.schematics.map(\.description) == [try Schematic(decoding: Array(text.utf8)).description])
    }

    @Test func aliasesAreFollowed() throws {
        let (file, _) = try load(
            """
            schematics: {a: {customization: {extraKernelArgs: &args [x, y]}}}
            defaults: {schematic: a, version: 1.13, args: *args}
            machines: [{name: m, mac: "52:54:00:00:00:01"}]
            """)
        #expect(file.machines.first?.assignment.arguments == ["x", "y"])
    }

    /// A slash is a byte, whatever follows it.
    @Test func filesAreFoundBesideAFileOfAnyName() throws {
        let folder = try TemporaryFolder()
        try folder.write("folder/c.yaml", "a: 1")
        try folder.write("folder/\u{301}s.yaml", "customization: {}")
        let path = try folder.write(
            "folder/\u{301}machines.yaml",
            """
            defaults: {version: latest, config: c.yaml}
            machines:
            - {name: a, mac: "52:54:00:00:00:01", schematic: "./\u{301}s.yaml"}
            """)
        let file = try MachinesFile.load(path)
        #expect(
            file.schematics.count == 1
                && file.machines.first?.assignment.configuration == "\(folder.path)/folder/c.yaml")
    }

    @Test func aFileIsReadOnceHoweverManyNameIt() throws {
        let machines = (1...9).map { "  - {name: m\($0), mac: \"52:54:00:00:00:0\($0)\", schematic: ./s.yaml}" }
        let (file, _) = try load(
            "defaults: {version: latest}\nmachines:\n\(machines.joined(separator: "\n"))",
            files: ["s.yaml": "customization: {}"])
        #expect(file.schematics.count == 1)
        #expect(Set(file.machines.map(\.assignment.schematic?.id)).count == 1)
    }
}
