import NetworkTypes
import Schematics
import TalosModel
import Testing

@testable import BootPlans
@testable import Machines

/// Releases that are there because a test says so.
private struct ListedReleases: ReleaseFacts {
    var tags: [String] = ["v1.12.0", "v1.13.4", "v1.13.5"]
    var sentences: [String] = []

    var versions: [TalosVersion] { tags.compactMap { try? TalosVersion(parsing: $0) } }

    func obstacles(to schematic: Schematic, of version: TalosVersion, on architecture: Architecture) -> [String] {
        sentences.map { "\(version.tag) on \(architecture): \($0)" }
    }
}

@Suite struct BootResolutionTests {
    private static let schematic = Result {
        try Schematic(decoding: Array("customization: {extraKernelArgs: [a=1]}".utf8))
    }

    private func assignment(_ edit: (inout Assignment) -> Void = { _ in }) throws -> Assignment {
        var assignment = Assignment(
            name: "one", schematic: SchematicChoice(id: try Self.schematic.get().id, schematic: nil, name: nil),
            version: .latest, arguments: [], configuration: nil, secureBoot: false, boot: .always, chainload: false,
            loader: nil, platform: "metal")
        edit(&assignment)
        return assignment
    }

    private func resolve(
        _ assignment: Assignment, among releases: ListedReleases = ListedReleases(), finding: SchematicFinding? = nil,
        machine: MachineIdentity = MachineIdentity(mac: MACAddress(value: 0x5254_0000_0001), architecture: .amd64)
    ) throws -> Result<BootAssets, BootProblems> {
        let choice = try BootChoice(assignment, for: machine.architecture ?? BootChoice.usualArchitecture)
        let schematic = try Self.schematic.get()
        let resolution = BootResolution(of: choice, schematic: finding ?? .success(schematic), among: releases)
        return resolution.assets(of: assignment, for: machine, baseURL: "http://10.0.0.1")
    }

    private func problems(_ result: Result<BootAssets, BootProblems>) -> [BootProblem] {
        if case .failure(let problems) = result { problems.all } else { [] }
    }

    @Test(
        arguments: [
            ("latest", "v1.13.5"), ("1.12", "v1.12.0"), ("v1.13.4", "v1.13.4"), ("1.14", nil), ("v9.9.9", nil),
        ] as [(String, String?)])
    func versions(selector: String, expected: String?) throws {
        let version = try VersionSelector(parsing: selector)
        let result = try resolve(assignment { $0.version = version })
        #expect((try? result.get())?.version.tag == expected)
        #expect(problems(result).map(\.code) == (expected == nil ? [.version] : []))
    }

    @Test func everythingThatIsWrongIsToldAtOnce() throws {
        let bad = try assignment {
            $0.secureBoot = true
            $0.arguments = ["x=${net0/mac}"]
        }
        let result = try resolve(bad, among: ListedReleases(sentences: ["no boot files", "no extension"]))
        #expect(problems(result).map(\.code) == [.secureBoot, .release, .release, .commandLine])
        let lost = BootProblem(.schematic, "it is gone")
        let version = try VersionSelector(parsing: "v9.9.9")
        #expect(
            problems(try resolve(assignment { $0.version = version }, finding: .failure(lost))).map(\.code)
                == [.version, .schematic])
        #expect(problems(try resolve(assignment { $0.platform = "nowhere" })).map(\.code) == [.commandLine])
    }

    @Test func aStoreOfManyReleasesNamesTheNewest() throws {
        let releases = ListedReleases(tags: (0..<100).map { "v1.5.\($0)" })
        let version = try VersionSelector(parsing: "v9.9.9")
        let text = problems(try resolve(assignment { $0.version = version }, among: releases)).first?.message ?? ""
        #expect(text.hasSuffix("v1.5.98, v1.5.99 and 88 older ones"), "\(text)")
        #expect(text.utf8.count < 250)
    }

    @Test func argumentsComeAfterTheSchematicsAndTheConfigurationLast() throws {
        var machine = MachineIdentity(
            mac: MACAddress(value: 0x5254_0000_0001), uuid: SystemUUID(parsing: "11223344-5566-7788-99aa-bbccddeeff00"),
            serial: "S/1", architecture: .arm64)
        let own = try assignment {
            $0.arguments = ["b=2"]
            $0.configuration = "/etc/one.yaml"
        }
        let line = try resolve(own, machine: machine).get().commandLine
        #expect(
            line.hasSuffix(
                " a=1 b=2 talos.config=http://10.0.0.1/config/52-54-00-00-00-01?uuid=11223344-5566-7788-99aa-bbccddeeff00"
                    + "&serial=S%2F1&arch=arm64"), "\(line)")
        // The limit is that of the whole line.
        machine.serial = String(repeating: "s", count: 1800)
        #expect(problems(try resolve(own, machine: machine)).map(\.code) == [.commandLine])
        #expect(try resolve(assignment(), machine: machine).get().commandLine.hasSuffix(" a=1"))
    }

    @Test func whatNeedsNoReleaseIsAskedForNone() throws {
        let bare = try assignment {
            $0.schematic = nil
            $0.version = nil
        }
        #expect(throws: BootProblem.incomplete) { try BootChoice(bare, for: .amd64) }
    }

    // MARK: - Plans

    private func match(_ mode: Assignment.BootMode) throws -> MachineMatch {
        let own = try assignment { $0.boot = mode }
        return MachineMatch(
            assignment: own, rule: "machine 'one'", criteria: "mac 52:54:00:00:00:01", addresses: [], architecture: nil,
            serial: nil, file: "machines.yaml", line: 1, column: 1)
    }

    private let machine = MachineIdentity(mac: MACAddress(value: 0x5254_0000_0001), architecture: .amd64)

    @Test(
        arguments: [
            (Assignment.BootMode.always, false, nil), (.always, true, nil), (.once, false, nil), (.once, true, "disk"),
            (.local, false, "disk"), (.local, true, "disk"),
        ] as [(Assignment.BootMode, Bool, String?)])
    func whoNeedsNoNetwork(mode: Assignment.BootMode, hasBooted: Bool, kind: String?) throws {
        let plan = BootPlan(
            withoutNetwork: try match(mode), for: machine, in: MachineState(hasBooted: hasBooted))
        #expect(plan?.kind == kind)
    }

    @Test func aHostThatIsBusyIsAskedAgain() throws {
        let busy = BootProblem(.busy, "later"), other = BootProblem(.version, "never")
        let waiting = BootPlan(try match(.always), for: machine, BootProblems([busy]))
        #expect(waiting.kind == "wait" && waiting.reason == "machine 'one': later")
        #expect(BootPlan(try match(.always), for: machine, BootProblems([busy, other])).kind == "refuse")
        let many = (1...5).map { BootProblem(.release, "reason \($0)", cause: BootProblem(.host, "/srv/store")) }
        let refused = BootPlan(try match(.always), for: machine, BootProblems(many))
        #expect(refused.reason == "machine 'one': reason 1; reason 2; reason 3", "strangers read it")
        #expect(refused.machine == "one" && refused.payload.endsBoot)
    }
}
