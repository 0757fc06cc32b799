import Foundation
import Logging
import NetworkTypes
import ServerTesting
import Testing
import Timelines

@testable import Frontends

@Suite struct MachineListTests {
    private func fill(_ timeline: BootTimeline, _ machines: Range<UInt64>, steps: Int = 3) throws {
        for number in machines {
            let mac = try #require(
                MACAddress(parsing: String(format: "02:00:00:00:%02x:%02x", number >> 8, number & 255)))
            let address = IPv4Address(value: 0x0A00_0000 + UInt32(number))
            for step in 0..<steps {
                timeline.record(
                    BootEvent(
                        mac: mac, stage: step == 0 ? .seen : .loader, detail: "a/b \"\(step)\" \u{1}\n\\ ü\u{2028}",
                        address: address))
            }
        }
    }

    /// Whatever a snapshot has must be in the text.
    @Test func theTextSaysAllThatTheEncoderWouldSay() throws {
        let timeline = BootTimeline(logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() })
        try fill(timeline, 0..<20)
        timeline.record(
            BootEvent(mac: try #require(MACAddress(parsing: "02:00:00:00:ff:ff")), stage: .failed, detail: ""))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        for snapshot in timeline.snapshots() {
            var text = MachineText()
            text.add(snapshot)
            #expect(
                String(decoding: text.bytes, as: UTF8.self)
                    == String(decoding: try encoder.encode(snapshot), as: UTF8.self))
        }
    }

    @Test func aLongListComesInPiecesAndParts() async throws {
        let site = try Site()
        try fill(site.timeline, 0..<1000, steps: 6)
        let all = site.timeline.snapshots().map(\.mac)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            func list(_ query: String) throws -> [String] {
                let reply = try connection.ask("GET", "/machines\(query)")
                #expect(reply.status == 200 && reply["Content-Type"] == "application/json")
                let list = try JSONSerialization.jsonObject(with: Data(reply.body)) as? [[String: Any]]
                return try #require(list).compactMap { $0["mac"] as? String }
            }
            #expect(try list("") == all)
            #expect(try list("?limit=10") == Array(all.prefix(10)))
            #expect(try list("?limit=300&offset=900") == Array(all.suffix(100)))
            #expect(try list("?offset=5000").isEmpty)
            #expect(try list("?limit=0").isEmpty)
            #expect(try list("?offset=9223372036854775807&limit=9223372036854775807").isEmpty)
        }
    }

    /// A full timeline is 57 MB of text; whoever does not read it holds a piece of it.
    @Test func manyWhoDoNotReadCostLittle() async throws {
        let site = try Site()
        try fill(site.timeline, 0..<4096, steps: 32)
        try await site.visit { port in
            _ = try HTTPConnection(port: port).ask("GET", "/machines?limit=1")
            let before = residentBytes()
            var stalled: [HTTPConnection] = []
            var slowest = Duration.zero
            for _ in 0..<24 {
                let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
                try connection.send("GET /machines HTTP/1.1\r\nHost: x\r\n\r\n")
                stalled.append(connection)
                let start = ContinuousClock.now
                #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
                slowest = max(slowest, ContinuousClock.now - start)
            }
            for connection in stalled { #expect(!(try connection.receive(upTo: 100)).isEmpty) }
            #expect(residentBytes() - before < 100 << 20, "\((residentBytes() - before) >> 20) MiB")
            // All of the lists together are more than a thousand megabytes of text, minutes of work.
            #expect(slowest < .seconds(20), "\(slowest)")
        }
    }

    private func residentBytes() -> Int {
        let text = String(decoding: FileManager.default.contents(atPath: "/proc/self/statm") ?? Data(), as: UTF8.self)
        return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
    }
}
