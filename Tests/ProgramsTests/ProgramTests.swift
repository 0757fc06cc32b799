import FolderTesting
import Foundation
import Glibc
import Programs
import Testing

@Suite struct ProgramTests {
    private let environment = ["PATH=/usr/bin:/bin"]

    private func shell(_ script: String) -> Program {
        Program(path: "/bin/sh", ["-c", script], environment: environment)
    }

    @Test func aProgramReadsItsInputToTheEnd() throws {
        var program = Program(path: "/bin/cat", environment: environment)
        program.input = Array("ghcr.io".utf8)
        let outcome = try program.run(within: .seconds(300)) { false }
        #expect(outcome.end == .status(0))
        #expect(outcome.output == Array("ghcr.io".utf8))
        #expect(outcome.errors.isEmpty)
        program.input = [UInt8](repeating: 1, count: Program.inputLimit)
        #expect(try program.run(within: .seconds(300)) { false }.output == program.input)
        program.input = [UInt8](repeating: 1, count: Program.inputLimit + 1)
        #expect(throws: Program.Failure.notStarted(E2BIG)) { try program.run(within: .seconds(300)) { false } }
    }

    /// Writing to it must not end this process by SIGPIPE.
    @Test func aProgramNeedNotRead() throws {
        var program = shell("exit 4")
        program.input = Array("x".utf8)
        #expect(try program.run(within: .seconds(300)) { false }.end == .status(4))
    }

    @Test func errorsAreKeptApart() throws {
        var program = shell("echo out; echo first >&2; echo last >&2; kill -TERM $$")
        program.errors = .apart(last: 5)
        let outcome = try program.run(within: .seconds(300)) { false }
        #expect(outcome.end == .signal(SIGTERM))
        #expect(outcome.output == Array("out\n".utf8))
        #expect(outcome.errors == Array("last\n".utf8))
    }

    @Test(arguments: ["yes", "yes & wait", "head -c 1001 /dev/zero"])
    func moreOutputThanIsTakenEndsAProgram(script: String) throws {
        var program = shell(script)
        program.output = .all(upTo: 1000)
        #expect(throws: Program.Failure.tooMuchOutput) { try program.run(within: .seconds(300)) { false } }
        program = shell("head -c 1000 /dev/zero")
        program.output = .all(upTo: 1000)
        #expect(try program.run(within: .seconds(300)) { false }.output.count == 1000)
    }

    @Test func whatCannotBeStartedIsSaid() throws {
        let program = Program(path: "/nowhere/program", environment: [])
        #expect(throws: Program.Failure.notStarted(ENOENT)) { try program.run(within: .seconds(300)) { false } }
        #expect(Program.locate("sh", in: ["/nowhere", "/bin"]) == "/bin/sh")
        #expect(Program.locate("sh", in: ["/nowhere"]) == nil)
    }

    /// A program of the operator's own keeps this process' folder, rights and limits, but none of its descriptors.
    @Test func whatIsNotConfinedKeepsItsRights() throws {
        let script = "pwd; grep -E 'CapEff|NoNewPrivs' /proc/self/status; ulimit -v; ls /proc/self/fd | wc -l"
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        let said = String(decoding: try shell(script).run(within: .seconds(300)) { false }.output, as: UTF8.self)
        let own = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("CapEff") || $0.hasPrefix("NoNewPrivs") }.joined(separator: "\n")
        #expect(said == "\(FileManager.default.currentDirectoryPath)\n\(own)\nunlimited\n4\n")
    }

    /// What hangs may have started others that hang too, and hold its output open.
    @Test(arguments: ["sleep 600", "sleep 600 & echo $! >child; wait"])
    func theWholeGroupEnds(script: String) throws {
        let folder = try TemporaryFolder()
        var program = shell(script)
        program.folder = folder.path
        #expect(throws: Program.Failure.late) { try program.run(within: .seconds(1)) { false } }
        guard script.contains("child") else { return }
        let text = try String(contentsOfFile: "\(folder.path)/child", encoding: .utf8).dropLast()
        let id = try #require(pid_t(text))
        var state: Substring?
        for _ in 0..<9000 {
            let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8)
            state = status?.split(separator: " ").dropFirst(2).first
            if state == nil || state == "Z" { break }
            usleep(20_000)
        }
        #expect(state == nil || state == "Z")
    }

    @Test func nobodyWaitsForWhatStaysBehindWithTheOutput() throws {
        let outcome = try shell("echo done; setsid sleep 5 & exit 0").run(within: .seconds(300)) { false }
        #expect(outcome.output == Array("done\n".utf8))
        #expect(outcome.end == .status(0))
    }
}
