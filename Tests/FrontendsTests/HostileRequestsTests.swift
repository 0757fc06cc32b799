import CodecTesting
import Foundation
import ServerTesting
import Testing

@Suite struct HostileRequestsTests {
    static let requests: [(name: String, bytes: [UInt8])] = [
        ("a path of 200 KiB", Array("GET /\(String(repeating: "a", count: 200_000)) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        (
            "a header of 200 KiB",
            Array("GET /healthz HTTP/1.1\r\nHost: x\r\nX: \(String(repeating: "a", count: 200_000))\r\n\r\n".utf8)
        ),
        (
            "20000 headers",
            Array(
                "GET /healthz HTTP/1.1\r\nHost: x\r\n\((0..<20_000).map { "X\($0): y\r\n" }.joined())\r\n".utf8)
        ),
        (
            "no UTF-8 in the path",
            Array("GET /loaders/".utf8) + [0xFF, 0xC0, 0x80] + Array(" HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        ),
        ("NUL in the path", Array("GET /loaders/a\0b HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        ("NUL in a header", Array("GET /nothing HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n".utf8)),
        ("no HTTP", Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8)),
        ("TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 64)),
        ("no version", Array("GET /\r\n\r\n".utf8)),
        ("another major version", Array("GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n".utf8)),
        (
            "two lengths",
            Array("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde".utf8)
        ),
        (
            "length and chunks",
            Array(
                "POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                    .utf8)
        ),
        ("a length that is none", Array("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".utf8)),
        (
            "a length past 64 bits",
            Array("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n".utf8)
        ),
        (
            "a chunk that is none",
            Array("POST /schematics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".utf8)
        ),
        (
            "a body that ends early",
            Array("POST /schematics HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\ncusto".utf8)
        ),
        ("a header without name", Array("GET /nothing HTTP/1.1\r\n: x\r\n\r\n".utf8)),
        ("broken percent signs", Array("GET /schematics/%zz%1 HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
        ("a strange method", Array("BREW /versions HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
    ]

    @Test(arguments: requests.indices)
    func aHostileRequestIsRefusedAndTheServerLives(index: Int) async throws {
        let (name, bytes) = Self.requests[index]
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            // The server may hang up before it has read everything.
            do { try connection.send(bytes) } catch {}
            connection.finishSending()
            let reply: HTTPReply?
            do { reply = try connection.reply() } catch { reply = nil }
            if let reply { #expect((400..<500).contains(reply.status), "\(name): \(reply.status)") }
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200, "\(name)")
        }
        #expect(site.log.errors.isEmpty, "\(site.log.errors)")
    }

    @Test func mutatedRequestsNeverStopTheServer() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let seed = Array(
                "GET /image/\(id)/v1.13.5/kernel-amd64?filename=x HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,20-29\r\nIf-Range: \"x\"\r\n\r\n"
                    .utf8)
            var generator = SeededGenerator(seed: 300)
            for _ in 0..<300 {
                var bytes = seed
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                        in: 0...255, using: &generator)
                }
                let connection = try HTTPConnection(port: port, seconds: 5)
                do { try connection.send(bytes) } catch { continue }
                connection.finishSending()
                do {
                    let reply = try connection.reply()
                    #expect(reply.status < 500, "\(reply.status) for \(String(decoding: bytes, as: UTF8.self))")
                } catch {}
            }
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
        }
    }

    @Test func hostileValuesNeverLeaveTheirPlaces() async throws {
        let site = try Site(machines: "machines: []\nunknown: wait\n")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let boot = try connection.ask(
                "GET", "/boot?mac=52-54-00-00-00-09&serial=%0Ashell%0A&uuid=%0Ashell&arch=x86_64&manufacturer=%0Ashell")
            #expect(!boot.text.contains("\nshell"))
        }
    }
}
