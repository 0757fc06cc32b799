import ImageFactory
import Schematics
import ServerTesting
import Testing

/// What is no HTTP gets one answer, a sentence, and the connection ends with it.
@Suite struct FaultyRequestsTests {
    private static let post = "POST /schematics HTTP/1.1\r\nHost: x\r\n"
    private static let chunked = "Host: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(arguments: [
        // What the body is of, and whether it is read, makes no difference.
        ("GET /versions HTTP/1.1\r\n\(Self.chunked)zz\r\n", 400, "a chunk of the body does not begin"),
        ("GET /image/ID/v1.13.5/kernel-amd64 HTTP/1.1\r\n\(Self.chunked)2\r\n{}\r\nx\r\n", 400, "a chunk of the body"),
        ("GET /nothing HTTP/1.1\r\nConnection: close\r\n\(Self.chunked)zz\r\n", 400, "a chunk of the body"),
        ("POST /schematics HTTP/1.1\r\n\(Self.chunked)2\r\n{}\r\nzz\r\n", 400, "a chunk of the body"),
        ("POST /schematics HTTP/1.0\r\n\(Self.chunked)2\r\n{}\r\n0\r\n\r\n", 400, "HTTP/1.0 has no Transfer-Encoding"),
        ("GET /versions HTTP/1.0\r\n\(Self.chunked)0\r\n\r\n", 400, "HTTP/1.0 has no Transfer-Encoding"),
        ("\(Self.post)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "of the transfer codings only chunked"),
        ("\(Self.post)Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "this is not HTTP/1.1"),
        ("\(Self.post)Content-Length: x\r\n\r\n", 400, "a body has either one"),
        ("BREW /versions HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the method is none that is known here"),
        ("get /versions HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the method is none that is known here"),
        ("GET /versions HTTP/3.0\r\nHost: x\r\n\r\n", 400, "the version is none"),
        ("GET /versions HTTP/1.1\r\nHost x\r\n\r\n", 400, "this is not HTTP/1.1"),
        (
            "GET /versions HTTP/1.1\r\nX: \(String(repeating: "a", count: 66_000))\r\n\r\n", 431,
            "target and header fields"
        ),
    ])
    func itsAnswerIsOneAndTheLast(request: String, status: Int, sentence: String) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            // Alone, behind another request, and with one behind it that is none any more.
            for before in [0, 2] {
                let connection = try HTTPConnection(port: port, seconds: 10)
                let first = String(repeating: "GET /versions HTTP/1.1\r\nHost: x\r\n\r\n", count: before)
                try connection.send(
                    first + request.replacing("ID", with: id) + "GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
                for _ in 0..<before { #expect(try connection.reply().status == 200) }
                let reply = try connection.reply()
                #expect(reply.status == status && reply.text.hasPrefix(sentence), "\(reply.status): \(reply.text)")
                #expect(reply["Content-Type"] == "text/plain; charset=utf-8" && reply.text.hasSuffix("\n"))
                #expect(reply["Connection"] == "close" && reply["Date"] != nil, "\(reply.headers)")
                #expect(try connection.receive().isEmpty, "nothing comes behind it")
            }
        }
        #expect(site.log.errors.isEmpty, "\(site.log.errors)")
    }

    /// What offers another protocol gets its answer in this one, and the connection ends: nothing behind it is kept.
    @Test(arguments: [
        "GET /versions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "GET /versions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\n{}",
        "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n",
        "GET /image/ID/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    ])
    func whatOffersAnotherProtocolIsTheLast(request: String) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 20)
            try connection.send(request.replacing("ID", with: id))
            let reply = try connection.reply()
            #expect(reply.status == (request.hasPrefix("CONNECT") ? 400 : 200), "\(reply.status): \(reply.text)")
            #expect(reply["Connection"] == "close", "\(reply.headers)")
            // Sent until the kernel's buffers are full, since nobody reads it, or the connection has ended.
            let junk = [UInt8](repeating: 0x78, count: 1 << 20)
            var taken = 0
            while taken < 64, (try? connection.send(junk)) != nil { taken += 1 }
            #expect(taken < 64, "the server took \(taken) MiB that are no HTTP")
        }
    }

    /// Leave is for who waits for it, and for nobody behind.
    @Test func leaveComesBeforeTheBodyOrNotAtAll() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 20)
            try connection.send(
                "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n\(Self.post)Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
                    + "GET /versions HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try connection.reply().status == 200)
            #expect(try connection.reply().status == 201)
            #expect(try connection.reply().status == 200)
        }
    }

    /// The answer was given before the fault was there, and cannot be taken back.
    @Test func aFaultBehindTheAnswerEndsTheConnection() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 10)
            try connection.send("GET /versions HTTP/1.1\r\n\(Self.chunked)")
            #expect(try connection.reply().status == 200)
            try connection.send("zz\r\n")
            #expect(try connection.receive().isEmpty)
        }
    }

    @Test func aFaultInARequestForTheHeadHasNoBody() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 10)
            try connection.send("HEAD /healthz HTTP/1.1\r\n\(Self.chunked)zz\r\n")
            let reply = try connection.reply(to: "HEAD")
            #expect(reply.status == 400 && reply["Content-Length"] != "0", "\(reply.headers)")
            #expect(try connection.receive().isEmpty)
        }
    }

    @Test func nothingIsKeptOfABrokenSchematic() async throws {
        let site = try Site()
        let text = "customization: {extraKernelArgs: [broken]}"
        let id = try Schematic(decoding: Array(text.utf8)).id.description
        try await site.visit { port in
            let connection = try HTTPConnection(port: port, seconds: 10)
            try connection.send(
                "POST /schematics HTTP/1.1\r\n\(Self.chunked)\(String(text.utf8.count, radix: 16))\r\n\(text)\r\nzz\r\n"
            )
            #expect(try connection.reply().status == 400)
            #expect(try connection.receive().isEmpty)
        }
        await #expect(throws: (any Error).self) {
            try await site.factory.canonicalText(id)
        }
    }
}
