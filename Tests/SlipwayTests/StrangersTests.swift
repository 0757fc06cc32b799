import Foundation
import ServerTesting
import Testing

/// What anybody on the network can do to the daemon, and what it costs.
@Suite struct StrangersTests {
    private func serve(_ store: String, _ more: [String] = []) throws -> Program {
        try Program(
            [
                "serve", "--store", store, "--dhcp", "off", "--no-tftp", "--http-address", "127.0.0.1", "--http-port",
                "0",
            ] + more)
    }

    private func residentBytes(of program: Program) -> Int {
        let text = FileManager.default.contents(atPath: "/proc/\(program.process)/statm") ?? Data()
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * 4096
    }

    @Test func aConnectionThatIsRefusedAgainAndAgainCostsNothing() throws {
        let scratch = try Scratch()
        let program = try serve("\(scratch.path)/store")
        let connection = try HTTPConnection(port: program.port())
        let request = "GET /image/0000/v1.13.5/kernel-amd64 HTTP/1.1\r\nHost: x\r\n\r\n"
        func refused(_ count: Int) throws {
            for _ in 0..<count / 100 {
                try connection.send(String(repeating: request, count: 100))
                for _ in 0..<100 { #expect(try connection.reply().status == 404) }
            }
        }
        try refused(2000)
        let before = residentBytes(of: program)
        try refused(20_000)
        let growth = residentBytes(of: program) - before
        #expect(growth < 20 << 20, "\(growth >> 10) KiB")
        // Nor do they fill the log: some are told, and of the others their number.
        #expect(program.errorLines.filter { $0.contains(" refused ") }.count < 200)
        #expect(program.says("refusals were left out of the log"))
    }

    @Test func theConsoleOfAStrangerDoesNotTellWhereFilesAre() throws {
        let scratch = try Scratch()
        let machines = try scratch.write(
            "machines.yaml",
            "machines:\n- {name: one, mac: 52:54:00:00:00:01, schematic: {customization: {}}, version: v9.9.9}\n")
        let program = try serve("\(scratch.path)/store", ["--config", machines])
        let connection = try HTTPConnection(port: program.port())
        for mac in ["52-54-00-00-00-01", "52-54-00-00-00-99"] {
            let script = try connection.ask("GET", "/boot?mac=\(mac)")
            #expect(script.status == 200 && script.text.contains("cannot be booted"))
            #expect(!script.text.contains(scratch.path), "\(script.text)")
        }
        // Nor does anything else that is served to all.
        #expect(!(try connection.ask("GET", "/machines").text.contains(scratch.path)))
        #expect(program.says("\(machines):2:"), "the log tells: \(program.errors)")
    }
}
