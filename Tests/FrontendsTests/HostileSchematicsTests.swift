import Digests
import Foundation
import NIOCore
import Schematics
import ServerTesting
import Stores
import Testing

@testable import Frontends

/// Schematics that are meant to cost much.
@Suite struct HostileSchematicsTests {
    @Test func argumentsThatFitNoCommandLineAreRefused() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            func body(_ count: Int) -> [UInt8] {
                Array(
                    "customization: {extraKernelArgs: [\((0..<count).map { "k\($0 + 10_000)" }.joined(separator: ","))]}"
                        .utf8)
            }
            // Six bytes and a space each.
            #expect(try connection.ask("POST", "/schematics", body: body(65_536 / 7)).status == 201)
            let refused = try connection.ask("POST", "/schematics", body: body(65_536 / 7 + 1))
            #expect(refused.status == 400)
            #expect(
                refused.text.contains("kernel arguments") && refused.text.contains("65536 bytes"), "\(refused.text)")
        }
    }

    /// A text becomes longer by the square of its depth.
    @Test func aTextThatWouldBecomeManyTimesAsLongIsRefusedAndNothingKept() async throws {
        let site = try Site()
        try await site.visit { port in
            let depth = 1500
            let body =
                "overlay: {options: " + String(repeating: "{a: ", count: depth) + "1"
                + String(repeating: "}", count: depth + 1)
            let reply = try HTTPConnection(port: port).ask("POST", "/schematics", body: Array(body.utf8))
            #expect(reply.status == 400)
            #expect(reply.text.contains("canonical form") && reply.text.contains("1048576 bytes"), "\(reply.text)")
        }
        #expect(try site.store.recordKeys(RecordKind(rawValue: "schematics")).isEmpty)
    }

    /// What aliases and tags stand for is bounded by what may be printed, before it is read.
    @Test func aliasesAndTagsThatStandForMuchAreRefused() async throws {
        let site = try Site()
        let much = String(repeating: "A", count: 400_000)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 60)
            for (body, what) in [
                (
                    "customization: {extraKernelArgs: [&a !!binary \(much)\(String(repeating: ",*a", count: 100_000))]}",
                    "aliases"
                ),
                (
                    "overlay: {options: {a: [&a 0\(much.replacing("A", with: "7"))\(String(repeating: ",*a", count: 100_000))]}}",
                    "aliases"
                ),
                (
                    "%TAG !a! !\(much)\n---\noverlay: {options: {a: [\(String(repeating: "!a!x ,", count: 60_000))]}}",
                    "tags"
                ),
            ] {
                let reply = try connection.ask("POST", "/schematics", body: Array(body.utf8))
                #expect(reply.status == 400)
                #expect(reply.text.contains("\(what) of the document stand for more than"), "\(reply.text.prefix(300))")
            }
        }
        #expect(try site.store.recordKeys(RecordKind(rawValue: "schematics")).isEmpty)
    }

    /// An error quotes what is wrong, which must not be all that was sent, many times over.
    @Test func whatIsWrongIsQuotedBriefly() async throws {
        let site = try Site()
        let key = String(repeating: "k", count: 20_000)
        let pairs = (0..<50).map { "\(key): \($0)" }.joined(separator: ", ")
        let name = String(repeating: "n", count: 500_000)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 60)
            let doubled = try connection.ask("POST", "/schematics", body: Array("overlay: {options: {\(pairs)}}".utf8))
            #expect(doubled.status == 400 && doubled.text.contains("already defined") && doubled.body.count < 5000)
            for long in [String(repeating: "!", count: 900_000), "*" + String(repeating: "a", count: 900_000)] {
                let refused = try connection.ask("POST", "/schematics", body: Array(long.utf8))
                #expect(refused.status == 400 && refused.body.count < 5000, "\(refused.body.count)")
            }
            let posted = try connection.ask(
                "POST", "/schematics",
                body: Array("customization: {systemExtensions: {officialExtensions: [\(name)]}}".utf8))
            try #require(posted.status == 201, "\(posted.status) \(posted.text.prefix(300))")
            let id = try #require(posted.text.split(separator: "\"").first { $0.utf8.count == 64 })
            let refused = try connection.ask("GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz")
            #expect(refused.status == 400 && refused.body.count < 3000, "\(refused.status) \(refused.text.prefix(300))")
            #expect(refused.text.contains("nn…"), "\(id): \(refused.headers) \(refused.text.suffix(200))")
        }
        #expect(site.log.all.allSatisfy { $0.utf8.count < 10_000 })
    }

    @Test func whoReadsSchematicsHoldsUpNobodyElse() async throws {
        let site = try Site()
        let many = (0..<60_000).map { "        - k\($0)\n" }.joined()
        let text = Array("customization:\n    extraKernelArgs:\n\(many)".utf8)
        let id = Digest.of(text).hexadecimal
        try site.store.setRecord(RecordKind(rawValue: "schematics"), id, text)
        let item = String(repeating: "{a: ", count: 700) + "1" + String(repeating: "}", count: 700)
        let body = Array("overlay: {options: \(item)}".utf8)
        try await site.visit { port in
            var connections: [HTTPConnection] = []
            for index in 0..<12 {
                let connection = try HTTPConnection(port: port, seconds: 600)
                if index.isMultiple(of: 2) {
                    try connection.send("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
                    try connection.send(body)
                } else {
                    try connection.send("GET /pxe/\(id)/v1.13.5/metal-amd64 HTTP/1.1\r\nHost: x\r\n\r\n")
                }
                connections.append(connection)
            }
            let begun = ContinuousClock.now
            var longest = Duration.zero
            for _ in 0..<20 {
                let start = ContinuousClock.now
                #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
                longest = max(longest, ContinuousClock.now - start)
            }
            for connection in connections { #expect([200, 201].contains(try connection.reply().status)) }
            let all = ContinuousClock.now - begun
            #expect(longest * 4 < all, "\(longest) of \(all)")
        }
    }

    /// One client fills the queue of what is to be read, and another one is next all the same.
    @Test func oneClientsSchematicsKeepNobodyElseOut() async throws {
        let site = try Site()
        let item = String(repeating: "{a: ", count: 250) + "1" + String(repeating: "}", count: 250)
        let body = Array("overlay: {options: \(item)}".utf8)
        try await site.visit { port in
            let start = ContinuousClock.now
            var connections: [HTTPConnection] = []
            for _ in 0..<100 {
                let connection = try HTTPConnection(port: port, seconds: 600, client: 1)
                try connection.send("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n")
                try connection.send(body)
                connections.append(connection)
            }
            let asked = ContinuousClock.now
            for client in [2, 3] as [UInt8] {
                let stranger = try HTTPConnection(port: port, seconds: 600, client: client)
                #expect(try stranger.ask("POST", "/schematics", body: Array("{}".utf8)).status == 201)
            }
            let answered = ContinuousClock.now
            let replies = try connections.map { try $0.reply() }
            let all = ContinuousClock.now - start
            // The queue was full, as its newest were refused.
            let statuses = replies.map(\.status)
            #expect(Set(statuses) == [201, 503], "\(statuses)")
            for refused in replies where refused.status == 503 {
                #expect(refused["Retry-After"] == "5" && refused.text.contains("try again"), "\(refused.text)")
            }
            #expect((answered - asked) * 4 < all, "\(answered - asked) of \(all)")
        }
    }

    /// What has arrived of a body takes memory for as long as its client likes.
    @Test func oneClientsUnfinishedBodiesHaveAnEnd() async throws {
        let site = try Site()
        try await site.visit { port in
            let part = [UInt8](repeating: UInt8(ascii: "#"), count: 1_040_000)
            // Short, because it is read to its end, and what is unfinished is given up after half a minute.
            let probe = [UInt8](repeating: UInt8(ascii: "#"), count: 200_000)
            func status() throws -> Int {
                try HTTPConnection(port: port, seconds: 180).ask("POST", "/schematics", body: probe).status
            }
            var connections: [HTTPConnection] = []
            let isFull = try holds(within: 60) {
                let connection = try HTTPConnection(port: port)
                try connection.send("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n")
                // The server may answer, and end the connection, before it has all.
                do { try connection.send(part) } catch {}
                connections.append(connection)
                return try status() == 503
            }
            #expect(isFull && connections.count > 10, "\(connections.count)")
            connections = []
            #expect(try holds { try status() == 400 })
        }
    }

    @Test func aBudgetIsSharedAndGivenBack() throws {
        func client(_ number: Int) throws -> ClientKey {
            ClientKey(try SocketAddress(ipAddress: "192.0.2.\(number)", port: 1000 + number))
        }
        let budget = BodyBudget(bodiesOf: 1 << 20)
        #expect(budget.total == 48 << 20 && budget.share == 16 << 20)
        var held = try (0..<3).map { budget.reservation(for: try client($0)) }
        for reservation in held {
            #expect(reservation.grow(by: 16 << 20))
            #expect(!reservation.grow(by: 1))
        }
        // Nobody has more than a share, and all together no more than there is.
        let late = budget.reservation(for: try client(9))
        #expect(!late.grow(by: 1))
        #expect(budget.used == budget.total)
        held[0].settle(at: 10)
        #expect(late.grow(by: 1 << 20))
        held[0].settle(at: 24 << 20)
        #expect(budget.used > budget.total)
        held = []
        #expect(withExtendedLifetime(late) { budget.used } == 1 << 20)
        let huge = BodyBudget(bodiesOf: 64 << 20)
        let first = huge.reservation(for: try client(0))
        #expect(first.grow(by: 64 << 20))
    }
}
