import Foundation
import Glibc
import Testing

@testable import Appliance

@Suite struct WorkspaceTests {
    @Test func whatTheDeadLeftIsRemovedAndTheLivingAreLeftAlone() throws {
        let store = FileManager.default.temporaryDirectory.appendingPathComponent("workspace-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: store) }
        let dead = try Self.endedProcess()
        for name in ["\(dead)", "1", "\(getpid())", "notes"] {
            try FileManager.default.createDirectory(atPath: "\(store)/work/\(name)", withIntermediateDirectories: true)
            try Data("x".utf8).write(to: URL(filePath: "\(store)/work/\(name)/file"))
        }
        let path = try Workspace.prepare(in: store)
        #expect(path == "\(store)/work/\(getpid())")
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).isEmpty)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(store)/work").sorted()
                == ["1", "\(getpid())", "notes"].sorted())
    }

    @Test func aStoreThatCannotHoldItIsNamed() {
        #expect(throws: ApplianceError.self) { try Workspace.prepare(in: "/proc/nothing") }
    }

    /// The number of a process that was and is no more.
    private static func endedProcess() throws -> pid_t {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/true")
        try process.run()
        process.waitUntilExit()
        return process.processIdentifier
    }
}
