import Compositions
import Digests
import FolderTesting
import Foundation
import ProgramTesting
import Stores
import Testing

/// What is left when a process is killed, and what the next one makes of it. The process to be killed is this test
/// binary's own image, started again with a variable that the tests for it look for.
@Suite struct CrashTests {
    @Test func leftoversOfTheDeadAreRemovedAndThoseOfTheLivingStay() throws {
        let folder = try TemporaryFolder()
        let living = try EmbeddedStore(root: folder.path)
        let staged = try living.stage(expecting: nil, limit: 10) { try $0.write([1]) }
        try folder.write("temporary/4711-dead.1", "half a blob")
        try folder.write("temporary/4711-dead.lock", "")
        try folder.write("temporary/4712-locklost.9", "half a blob")
        let next = try EmbeddedStore(root: folder.path)
        let names = try folder.names(in: "temporary")
        #expect(!names.contains { $0.hasPrefix("4711") || $0.hasPrefix("4712") })
        #expect(FileManager.default.fileExists(atPath: staged.file.path))
        try living.commit(staged)
        #expect(try next.blob(staged.file.digest)?.length == 1)
    }

    @Test func aStartWaitsForAnotherOnlySoLong() throws {
        let folder = try TemporaryFolder()
        _ = try EmbeddedStore(root: folder.path)
        let gate = open("\(folder.path)/lock", O_RDWR)
        defer { close(gate) }
        #expect(flock(gate, LOCK_EX) == 0)
        let error = #expect(throws: StoreError.self) { try EmbeddedStore(root: folder.path) }
        #expect(error?.code == .busy)
    }

    @Test func aFolderThatCannotBeMadeIsNamed() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "a file")
        let error = #expect(throws: StoreError.self) { try EmbeddedStore(root: "\(folder.path)/file/store") }
        #expect(error?.message.contains("\(folder.path)/file") == true)
    }

    /// Kills a process that stores without pause, at moments spread over its work, and looks at what it left each time.
    @Test func killingAWriterLosesNothingAcknowledgedAndServesNothingHalfMade() throws {
        let folder = try TemporaryFolder()
        let root = "\(folder.path)/store"
        let acknowledged = "\(folder.path)/acknowledged"
        #expect(FileManager.default.createFile(atPath: acknowledged, contents: nil))
        var survivors = 0
        for round in 0..<8 {
            try Self.killChild("killableIngest", root, log: acknowledged, after: UInt32(round) * 3_777)

            let store = try EmbeddedStore(root: root)
            let temporaries = try folder.names(in: "store/temporary").filter { !$0.hasSuffix(".lock") }
            #expect(temporaries.isEmpty)
            for line in try String(contentsOfFile: acknowledged, encoding: .utf8).split(separator: "\n") {
                guard line.utf8.count == 64, let digest = Digest(hexadecimal: line) else { continue }
                #expect(try store.blob(digest) != nil)
                #expect(try store.record(Self.kind, digest.hexadecimal) == digest.bytes)
                survivors += 1
            }
            for name in try folder.names(in: "store/blobs/sha256") {
                #expect(try store.blob(try #require(Digest(hexadecimal: name))) != nil)
            }
        }
        #expect(survivors > 0)
    }

    static let kind = RecordKind(rawValue: "stored")

    /// Starts a test of this binary in a process of its own, and kills that so many microseconds after it has written to its log
    /// for the first time.
    static func killChild(_ test: String, _ root: String, log: String, after delay: UInt32) throws {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
        let before = try size(log)
        let child = try ChildProcess(
            [program] + ownArguments(test),
            environment: ProcessInfo.processInfo.environment.merging([
                "SLIPWAY_KILLABLE_STORE": root, "SLIPWAY_KILLABLE_LOG": log,
            ]) { $1 })
        let deadline = Date(timeIntervalSinceNow: 60)
        while try size(log) == before, Date() < deadline { usleep(1000) }
        #expect(try size(log) > before, "the child stored nothing in a minute")
        usleep(delay)
        kill(child.id, SIGKILL)
        #expect(child.wait() == 128 + SIGKILL)
    }

    private static func size(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
    }

    /// This process's arguments, changed so that only one test runs.
    private static func ownArguments(_ test: String) throws -> [String] {
        var arguments = Array(CommandLine.arguments.dropFirst())
        for flag in ["--filter", "--skip", "--event-stream-output-path", "--event-stream-output", "--xunit-output"] {
            while let index = arguments.firstIndex(of: flag) {
                arguments.removeSubrange(index..<min(index + 2, arguments.count))
            }
        }
        return arguments + ["--filter", test]
    }

    /// Stores for ever, in the child; in an ordinary run there is nothing to do.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["SLIPWAY_KILLABLE_STORE"] != nil, "the child of another test"))
    func killableIngest() throws {
        let environment = ProcessInfo.processInfo.environment
        let root = try #require(environment["SLIPWAY_KILLABLE_STORE"])
        let log = open(try #require(environment["SLIPWAY_KILLABLE_LOG"]), O_WRONLY | O_APPEND)
        let store = try EmbeddedStore(root: root)
        while true {
            let content = [UInt8](repeating: 0, count: 300_000).map { _ in UInt8.random(in: 0...255) }
            let file = try store.ingest(expecting: nil, limit: 1 << 20) { writer in
                for start in stride(from: 0, to: content.count, by: 4096) {
                    try writer.write(Array(content[start..<min(start + 4096, content.count)]))
                }
            }
            try store.setRecord(Self.kind, file.digest.hexadecimal, file.digest.bytes)
            let line = Array("\(file.digest.hexadecimal)\n".utf8)
            _ = line.withUnsafeBytes { write(log, $0.baseAddress, $0.count) }
        }
    }
}
