import Foundation
import NetworkTypes
import Testing

@testable import LabSupport

/// The parts of the lab that need neither root nor QEMU.
struct LabProcessTests {
    @Test func outputIsSeenAndKept() async throws {
        try await withShell("echo one; echo two >&2; exit 3") { process in
            try await process.wait(forText: "two", within: .seconds(180))
            #expect(try await process.waitForExit(within: .seconds(180)) == 3)
            #expect(process.recording.text == "one\ntwo\n")
            #expect(try String(contentsOfFile: process.log, encoding: .utf8) == "one\ntwo\n")
        }
    }

    @Test func deadlineSaysWhatWasLastSaid() async throws {
        try await withShell("echo still looking; exec sleep 600") { process in
            try await process.wait(forText: "looking", within: .seconds(180))
            let error = await #expect(throws: LabError.self) {
                try await process.wait(forText: "found", within: .milliseconds(50))
            }
            #expect(error?.description.contains("still looking") == true)
            await process.stop()
            #expect(process.recording.exitStatus == 128 + SIGTERM)
        }
    }

    @Test func endBeforeWhatWasWaitedForIsAnError() async throws {
        try await withShell("echo goodbye") { process in
            let error = await #expect(throws: LabError.self) {
                try await process.wait(forText: "hello", within: .seconds(180))
            }
            #expect(error?.description.contains("ended with 0") == true)
        }
    }

    @Test func processThatHeedsNoRequestIsEndedAnyhow() async throws {
        try await withShell("trap '' TERM; echo deaf; while :; do sleep 1; done") { process in
            try await process.wait(forText: "deaf", within: .seconds(180))
            await process.stop()
            #expect(process.recording.exitStatus == 128 + SIGKILL)
        }
    }

    @Test func readinessIsHeard() async throws {
        let socket = try ReadinessSocket()
        try await withShell("exec sleep 600") { process in
            socket.listen(within: 180) { process.becameReady() }
            let sender = Thread { sendReadiness(to: socket.path) }
            sender.start()
            try await process.waitUntilReady(within: .seconds(180))
            await process.stop()
        }
    }

    @Test func factsAreReadFromASerialLine() {
        let serial = """
            SeaBIOS (version 1.16.2)
            \u{1b}[2JSLIPWAY-CMDLINE talos.platform=metal console=tty0
            SLIPWAY-MAC eth0 52:54:00:77:00:20
            [    2.1] a kernel message
            SLIPWAY-LAYER 0.sqsh hello-world v1.0.0
            SLIPWAY-FILE 0.sqsh usr/local/share/hello-world/marker hello from it
            SLIPWAY-FILE 1.sqsh usr/local/share/schematic/abc
            SLIPWAY-MODULE vxlan loaded with udp_tunnel
            SLIPWAY-MODULE-FAILED bonding not found
            SLIPWAY-END
            """
        let facts = BootFacts(serial: serial, duration: .seconds(1))
        #expect(facts.commandLine == ["talos.platform=metal", "console=tty0"])
        #expect(facts.addresses.map(\.description) == ["52:54:00:77:00:20"])
        #expect(facts.layers == [.init(image: "0.sqsh", name: "hello-world", version: "v1.0.0")])
        #expect(facts.files["usr/local/share/hello-world/marker"] == "hello from it")
        #expect(facts.files["usr/local/share/schematic/abc"] == "")
        #expect(facts.modules == ["vxlan"])
        #expect(facts.failures == ["MODULE-FAILED bonding not found"])
    }

    private func withShell(_ script: String, _ body: (LabProcess) async throws -> Void) async throws {
        let log = "\(NSTemporaryDirectory())/lab-process-\(UUID().uuidString).log"
        defer { try? FileManager.default.removeItem(atPath: log) }
        let process = try LabProcess(name: "shell", arguments: ["/bin/sh", "-c", script], log: log)
        do {
            try await body(process)
        } catch {
            await process.stop()
            throw error
        }
    }
}

/// What systemd's clients send.
private func sendReadiness(to path: String) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let message = Array("READY=1\nSTATUS=answering".utf8)
    _ = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            sendto(descriptor, message, message.count, 0, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}
