import Foundation
import ServerTesting
import Testing

@Suite struct SchematicRequestsTests {
    static let emptyID = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"

    @Test func aSchematicIsCreatedAndShown() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let reply = try connection.ask("POST", "/schematics", body: Array("customization: {}".utf8))
            #expect(reply.status == 201)
            #expect(reply["Content-Type"] == "application/json")
            #expect(reply.text == #"{"id":"\#(Self.emptyID)","schematic":"customization: {}\n"}"# + "\n")
            #expect(reply["Server"] == "Image Factory (Slipway test)")
            #expect(reply["X-Request-ID"]?.isEmpty == false)

            let again = try connection.ask("POST", "/schematics", [("X-Request-ID", "mine")], body: Array("{}".utf8))
            #expect(again.status == 201 && again.text == reply.text)
            #expect(again["X-Request-ID"] == "mine")

            let shown = try connection.ask("GET", "/schematics/\(Self.emptyID)")
            #expect(shown.status == 200)
            #expect(shown["Content-Type"] == "application/yaml")
            #expect(shown.text == "customization: {}\n")
        }
    }

    @Test(arguments: [
        ("", "EOF"), ("\n\n\n", "EOF"),
        ("something:", "yaml: construct errors: line 1: field something not found in type schematic.Schematic"),
        ("[{}]", "yaml: construct errors: line 1: cannot construct !!seq into schematic.Schematic"),
        (
            "{customization:{}}",
            "go-yaml load error in parser (while parsing a flow mapping) at L1.C1-C16: did not find expected ',' or '}'"
        ),
    ])
    func aRefusedBodyIsAnsweredWithTheFactorysText(body: String, text: String) async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("POST", "/schematics", body: Array(body.utf8))
            #expect(reply.status == 400)
            #expect(reply.text == text + "\n")
            #expect(reply["Content-Type"] == "text/plain; charset=utf-8")
            #expect(reply["X-Content-Type-Options"] == "nosniff")
        }
    }

    @Test func aBodyWithoutLengthIsEmpty() async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("POST", "/schematics")
            #expect(reply.status == 400 && reply.text == "EOF\n")
        }
    }

    @Test func bodiesInChunksAreJoined() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            try connection.send(
                "POST /schematics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ncusto\r\n")
            usleep(50_000)
            try connection.send("c\r\nmization: {}\r\n0\r\n\r\n")
            let reply = try connection.reply()
            #expect(reply.status == 201)
            #expect(reply.text.contains(Self.emptyID))
        }
    }

    @Test func aBodyPastTheLimitIsRefusedAndTheLimitItselfIsNot() async throws {
        let site = try Site(schematicLimit: 2048)
        try await site.visit { port in
            func body(_ count: Int) -> [UInt8] {
                let start = "customization: {} #"
                return Array((start + String(repeating: "x", count: count - start.utf8.count)).utf8)
            }
            let connection = try HTTPConnection(port: port)
            #expect(try connection.ask("POST", "/schematics", body: body(2048)).status == 201)
            let reply = try connection.ask("POST", "/schematics", body: body(2049))
            #expect(reply.status == 413)
            #expect(reply.text == "a schematic may have 2048 bytes at most\n")
            // In chunks, where no header tells the length beforehand.
            let chunked = try HTTPConnection(port: port)
            try chunked.send("POST /schematics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0..<5 { try chunked.send("200\r\n" + String(repeating: "#", count: 512) + "\r\n") }
            #expect(try chunked.reply().status == 413)
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
        }
    }

    @Test(arguments: [String(repeating: "0", count: 64), "abc", "..", String(repeating: "Z", count: 64)])
    func anUnknownSchematicIsNotFound(id: String) async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask("GET", "/schematics/\(id)")
            #expect(reply.status == 404)
            if id != ".." { #expect(reply.text == "schematic not found\n") }
        }
    }

    @Test func whatIsAcknowledgedIsInTheStore() async throws {
        let site = try Site()
        try await site.visit { port in
            _ = try HTTPConnection(port: port).ask("POST", "/schematics", body: Array("customization: {}".utf8))
        }
        let text = try Data(contentsOf: URL(filePath: "\(site.folder)/store/records/schematics/\(Self.emptyID)"))
        #expect(String(decoding: text, as: UTF8.self) == "customization: {}\n")
    }
}
