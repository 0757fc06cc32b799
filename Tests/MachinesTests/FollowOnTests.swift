import ConfigurationYAML
import FolderTesting
import Foundation
import Machines
import Testing

@Suite struct FollowOnTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func problems(_ bytes: Data) throws -> [String] {
        let path = folder.path + "/machines.yaml"
        try bytes.write(to: URL(filePath: path))
        let error = #expect(throws: MachinesFileError.self) { try MachinesFile.load(path) }
        return error?.problems.map { "\($0.line):\($0.column): \($0.message); \($0.remedy)" } ?? []
    }

    @Test(arguments: ["mac: xx", "{mac: xx, name: a}", "match: {uuid: xx}", "match: {arch: x86}"])
    func whatCannotBeReadIsOneProblem(entry: String) throws {
        let found = try problems(Data("machines:\n- \(entry)\n".utf8))
        #expect(found.count == 1 && found[0].hasPrefix("2:") && found[0].contains("is 'x"), "\(found)")
    }

    /// An entry whose machine is known is still told everything that it lacks, and so is one without any criterion.
    @Test func whatIsMissingIsStillSaid() throws {
        #expect(try problems(Data("machines:\n- match: {arch: arm64}\n".utf8)).count == 3)
        #expect(try problems(Data("machines:\n- name: a\n".utf8)).count == 3)
    }

    @Test(arguments: [String.Encoding.utf16LittleEndian, .utf16BigEndian], [false, true])
    func otherEncodingsAreNamed(encoding: String.Encoding, hasMark: Bool) throws {
        let text = (hasMark ? "\u{feff}" : "") + "machines: []\n"
        let found = try problems(try #require(text.data(using: encoding)))
        #expect(found == ["1:1: the file is UTF-16, and not UTF-8; save it as UTF-8"])
    }
}
