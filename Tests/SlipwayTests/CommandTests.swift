import Foundation
import LayoutBuilding
import ServerTesting
import Testing

@Suite struct CommandTests {
    static let emptyID = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"

    @Test func aSchematicsIDAndCanonicalForm() throws {
        let scratch = try Scratch()
        let file = try scratch.write("s.yaml", "{\"customization\": {\"extraKernelArgs\": [\"noapic\", \"nolapic\"]}}")
        let id = try Program(["schematic", "id", file])
        #expect(try id.finish() == 0)
        #expect(id.output == "9cba8e32753f91a16c1837ab8abf356af021706ef284aef07380780177d9a06c\n" && id.errors.isEmpty)
        let show = try Program(["schematic", "show", file])
        #expect(try show.finish() == 0)
        #expect(show.output == "customization:\n    extraKernelArgs:\n        - noapic\n        - nolapic\n")
        let input = try Program(["schematic", "id", "-"], input: "{}")
        #expect(try input.finish() == 0)
        #expect(input.output == Self.emptyID + "\n")
    }

    @Test(arguments: [
        ("", "it is empty; one without extras is 'customization: {}'"),
        (" \n", "it is empty; one without extras is 'customization: {}'"),
        ("something:", "yaml: construct errors: line 1: field something not found in type schematic.Schematic"),
    ])
    func aRefusedSchematicIsNamedWithTheFactorysText(body: String, text: String) throws {
        let scratch = try Scratch()
        let file = try scratch.write("s.yaml", body)
        for command in ["id", "show"] {
            let program = try Program(["schematic", command, "-"], input: body)
            #expect(try program.finish() == 1)
            #expect(program.errors == "slipway: standard input is no schematic: \(text)\n" && program.output.isEmpty)
            let named = try Program(["schematic", command, file])
            #expect(try named.finish() == 1)
            #expect(named.errors == "slipway: \(file) is no schematic: \(text)\n" && named.output.isEmpty)
        }
        let build = try Program([
            "build", "kernel-amd64", "--store", try scratch.filledStore(), "--schematic", file, "--output",
            "\(scratch.path)/out",
        ])
        #expect(try build.finish() == 1)
        #expect(build.errors == "slipway: \(file) is no schematic: \(text)\n", "\(build.errors)")
    }

    /// What the command names is what the daemon takes.
    @Test func aSchematicThatIsTooLong() throws {
        let scratch = try Scratch()
        let file = try scratch.write("s.yaml", "#" + String(repeating: " ", count: 1 << 20) + "\n{}")
        for command in ["id", "show"] {
            let program = try Program(["schematic", command, file])
            #expect(try program.finish() == 1)
            #expect(program.errors.hasPrefix("slipway: \(file) is larger than 1048576 bytes"), "\(program.errors)")
            #expect(program.errors.contains("--schematic-limit") && program.output.isEmpty)
        }
        let more = try Program(["schematic", "id", "--schematic-limit", "1100000", file])
        #expect(try more.finish() == 0 && more.output == Self.emptyID + "\n", "\(more.errors)")
    }

    @Test func aFileThatIsNotThere() throws {
        let program = try Program(["schematic", "id", "/nonexistent/s.yaml"])
        #expect(try program.finish() == 1)
        #expect(program.errors == "slipway: cannot open /nonexistent/s.yaml: No such file or directory\n")
    }

    @Test func importingAndListing() throws {
        let imported = try Imported.release.get()
        #expect(imported.output.contains("ghcr.io/siderolabs/imager:v1.13.5\tv1.13.5\tamd64, arm64\n"))
        let list = try Program(["release", "list", "--store", imported.store])
        #expect(try list.finish() == 0)
        #expect(list.output.hasPrefix("v1.13.5\tamd64, arm64\n"))
        #expect(list.output.contains("  extension siderolabs/gvisor\tamd64, arm64\n"))
        #expect(list.errors.isEmpty)
        let json = try Program(["release", "list", "--store", imported.store, "--json"])
        #expect(try json.finish() == 0)
        let releases = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(releases.count == 1)
        #expect(releases[0]["version"] as? String == "v1.13.5")
        #expect((releases[0]["extensions"] as? [[String: Any]])?.count == 3)

        let scratch = try Scratch()
        let again = try Program(["release", "import", "--store", try scratch.filledStore(), "--json", imported.layout])
        #expect(try again.finish() == 0)
        let report = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])
        #expect((report["imported"] as? [Any])?.count == 7 && (report["failed"] as? [Any])?.isEmpty == true)
    }

    @Test func anImportOfNothingNamesThePath() throws {
        let scratch = try Scratch()
        let program = try Program(["release", "import", "--store", "\(scratch.path)/store", "/nonexistent/layout"])
        #expect(try program.finish() == 1)
        #expect(program.errorLines.count == 1 && program.errors.hasPrefix("slipway: "))
        #expect(program.errors.contains("/nonexistent/layout"))
    }

    @Test func checkFindsManyProblemsAtOnce() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        let unknown = String(repeating: "1", count: 64)
        let machines = try scratch.write(
            "machines.yaml",
            """
            defaults: {schematic: {customization: {}}, version: v1.13.5}
            machines:
            - {name: future, mac: 52:54:00:00:00:01, version: v9.9.9}
            - {name: lost, mac: 52:54:00:00:00:02, schematic: \(unknown)}
            - {name: wishful, mac: 52:54:00:00:00:03, schematic: {customization: {systemExtensions: {officialExtensions: [siderolabs/none]}}}}
            - {name: good, mac: 52:54:00:00:00:04}
            """)
        let arguments = [
            "check", "--store", store, "--config", machines, "--loader-folder", try Loaders.folder(in: scratch),
        ]
        let program = try Program(arguments + ["--interface", "nosuch0"])
        #expect(try program.finish() == 1)
        #expect(program.errorLines.contains { $0.contains("nosuch0") })
        #expect(
            program.errorLines.contains { $0.hasPrefix("\(machines):3:") && $0.contains("v9.9.9") }, "\(program.errors)"
        )
        #expect(program.errorLines.contains { $0.hasPrefix("\(machines):4:") && $0.contains(unknown) })
        #expect(program.errorLines.contains { $0.hasPrefix("\(machines):5:") && $0.contains("siderolabs/none") })
        #expect(program.errorLines.count == 4, "\(program.errors)")

        try scratch.write("machines.yaml", "machines:\n- {mac: x, colour: red}\nunknwon: wait\n")
        let broken = try Program(arguments + ["--json"])
        #expect(try broken.finish() == 1)
        let problems = try #require(try JSONSerialization.jsonObject(with: Data(broken.output.utf8)) as? [String])
        #expect(problems.count >= 3 && problems.allSatisfy { $0.hasPrefix("\(machines):") })

        try scratch.write("machines.yaml", "machines: []\n")
        let good = try Program(arguments)
        #expect(try good.finish() == 0, "\(good.errors)")
        #expect(good.output == "no problems found\n")
    }

    @Test func aCheckOfAStoreThatIsNotThere() throws {
        let scratch = try Scratch()
        let program = try Program([
            "check", "--store", "\(scratch.path)/none", "--loader-folder", try Loaders.folder(in: scratch),
        ])
        #expect(try program.finish() == 1)
        #expect(program.errorLines.count == 1 && program.errors.contains("\(scratch.path)/none"))
        #expect(!FileManager.default.fileExists(atPath: "\(scratch.path)/none"))
    }

    @Test(arguments: [
        ["build", "kernel-amd64", "--talos", "9.9"], ["build", "kernel-amd64", "--talos", "v9.9.9"],
        ["build", "metal-amd64.iso"], ["build", "kernel-amd64", "--schematic", String(repeating: "1", count: 64)],
        ["build", "kernel-amd64", "--schematic", "/nonexistent"],
    ])
    func aBuildThatCannotBeSaysWhyInOneLine(arguments: [String]) throws {
        let scratch = try Scratch()
        let target = "\(scratch.path)/out"
        let program = try Program(arguments + ["--store", try scratch.filledStore(), "--output", target])
        #expect(try program.finish() == 1)
        #expect(program.errorLines.count == 1 && program.errors.hasPrefix("slipway: "), "\(program.errors)")
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    @Test func aBuildThatCannotBeWrittenLeavesNothing() throws {
        let scratch = try Scratch()
        let store = try scratch.filledStore()
        for target in ["/nonexistent/out", scratch.path, "/dev/full/x"] {
            let program = try Program(["build", "kernel-amd64", "--store", store, "--output", target])
            #expect(try program.finish() == 1)
            #expect(program.errorLines.count == 1 && program.errors.hasPrefix("slipway: "), "\(program.errors)")
        }
        let full = try Program(["build", "kernel-amd64", "--store", store, "--output", "/dev/full"])
        #expect(try full.finish() == 1)
        #expect(full.errors == "slipway: cannot write /dev/full: No space left on device\n", "\(full.errors)")
        let names = try FileManager.default.contentsOfDirectory(atPath: FileManager.default.temporaryDirectory.path)
        #expect(!names.contains { $0.contains(".partial-") })
    }
}

/// Files that stand for loaders where only their names matter.
enum Loaders {
    static func folder(in scratch: Scratch) throws -> String {
        let folder = "\(scratch.path)/loaders"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for name in ["ipxe.efi", "undionly.kpxe"] {
            try Data("loader".utf8).write(to: URL(filePath: "\(folder)/\(name)"))
        }
        return folder
    }
}
