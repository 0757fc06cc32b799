import ServerTesting
import Testing

/// Requests as machines in the field send them, byte for byte.
@Suite struct FieldRequestsTests {
    private func ask(_ port: Int, _ lines: String...) throws -> HTTPReply {
        let connection = try HTTPConnection(port: port)
        try connection.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
        return try connection.reply(to: String(lines[0].prefix { $0 != " " }))
    }

    @Test(arguments: [
        ("Host: boot_srv.lan:18100", "boot_srv.lan:18100"), ("Host: 10.77.7.2", "10.77.7.2"),
        ("Host: [fd00::1]:8080", "[fd00::1]:8080"), ("hOsT: a.b", "a.b"), ("Host:", nil), ("Host: a:", "a"),
        ("Host: [::1]:", "[::1]"), ("Host: rack-a.example.", "rack-a.example."),
    ])
    func aScriptNamesTheHostThatWasAskedOrTheAddressThatWasReached(header: String, host: String?) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let base = "http://\(host ?? "127.0.0.1:\(port)")"
            let first = try ask(port, "GET /boot.ipxe HTTP/1.1", header, "Connection: close")
            #expect(first.status == 200 && first.text.contains(" \(base)/boot?"), "\(first.text)")
            let factory = try ask(port, "GET /pxe/\(id)/v1.13.5/metal-amd64 HTTP/1.1", header)
            #expect(factory.text.contains("initrd \(base)/image/\(id)/"), "\(factory.text)")
        }
    }

    @Test func versionOneDotOneNeedsOneHost() async throws {
        let site = try Site()
        try await site.visit { port in
            #expect(try ask(port, "GET /boot.ipxe HTTP/1.1", "Connection: close").status == 400)
            #expect(try ask(port, "GET /boot.ipxe HTTP/1.1", "Host: a", "Host: a").status == 400)
            #expect(try ask(port, "GET /boot.ipxe HTTP/1.1", "Host: a", "host: b").status == 400)
            // Nor is anything else answered without.
            #expect(
                try ask(port, "OPTIONS /versions HTTP/1.1", "Origin: http://x", "Access-Control-Request-Method: GET")
                    .status == 400)
            let old = try ask(port, "GET /boot.ipxe HTTP/1.0")
            #expect(old.status == 200 && old.text.contains(" http://127.0.0.1:\(port)/boot?"), "\(old.text)")
        }
    }

    @Test func aHostThatIsNoneIsRefused() async throws {
        let site = try Site()
        try await site.visit { port in
            for host in [
                "a b", "${net0/mac}", "a/b", "a:b", "[x]", ":80", ":", "user@host", "a:123456", "a:0", "a:080",
                "x;shell",
                "a..b", ".a", "-a", "10.0.0.256", "10.0.0", "0x7f000001", "[::1", "[::1]x", "[fe80::1%eth0]", "::1",
                "http://a", "a,b", "b\u{FC}cher", "a%41", String(repeating: "a", count: 64),
            ] {
                for version in ["1.1", "1.0"] {
                    let reply = try ask(port, "GET /boot.ipxe HTTP/\(version)", "Host: \(host)")
                    #expect(reply.status == 400 && reply["Content-Type"] == "text/plain; charset=utf-8", "\(host)")
                    #expect(
                        reply.text.hasPrefix("a request needs one Host field, with a host"), "\(host): \(reply.text)")
                }
            }
        }
    }

    /// As through a proxy (RFC 9112 §3.2.2): the URL counts, whatever the Host field says.
    @Test func aTargetMayBeAWholeURL() async throws {
        let site = try Site()
        try await site.visit { port in
            for (version, host, target, base) in [
                ("1.1", "a", "http://elsewhere:81/boot.ipxe?x=y", "elsewhere:81"),
                ("1.1", "elsewhere", "HTTP://10.77.7.2//boot%2Eipxe", "10.77.7.2"),
                ("1.1", "", "http://[fd00::1]:8080/boot.ipxe", "[fd00::1]:8080"),
                ("1.1", "a:1", "http://b_c/boot.ipxe#x", "b_c"), ("1.0", nil, "http://old/boot.ipxe", "old"),
            ] as [(String, String?, String, String)] {
                let head = ["GET \(target) HTTP/\(version)\r\n"] + (host.map { ["Host: \($0)\r\n"] } ?? [])
                let connection = try HTTPConnection(port: port)
                try connection.send(head.joined() + "\r\n")
                let reply = try connection.reply()
                #expect(reply.status == 200 && reply.text.contains(" http://\(base)/boot?"), "\(target): \(reply.text)")
            }
            // The query is the target's, and so is the place that a redirect leads to.
            let refused = try ask(port, "GET http://b/boot?mac=x HTTP/1.1", "Host: a")
            #expect(refused.status == 400 && refused.text.contains(" http://b/boot.ipxe "), "\(refused.text)")
            let nobodys = try ask(port, "GET /boot?mac=ff:ff:ff:ff:ff:ff HTTP/1.1", "Host: a")
            #expect(nobodys.status == 400 && nobodys.text.contains("broadcast"), "\(nobodys.text)")
            let front = try ask(port, "GET http://b?x HTTP/1.1", "Host: a", "Connection: close")
            #expect(front.body == (try ask(port, "GET / HTTP/1.1", "Host: a")).body && front.status == 200)
            let moved = try ask(port, "GET http://b/versions/?x HTTP/1.1", "Host: a")
            #expect(moved.status == 301 && moved["Location"] == "/versions?x", "\(moved.headers)")
            // One Host field is needed all the same.
            #expect(try ask(port, "GET http://b/boot.ipxe HTTP/1.1", "Connection: close").status == 400)
            #expect(try ask(port, "GET http://b/boot.ipxe HTTP/1.1", "Host: b", "Host: b").status == 400)
            #expect(try ask(port, "GET http://b/boot.ipxe HTTP/1.1", "Host: a b").status == 400)
        }
    }

    @Test(arguments: [
        ("GET", "*", 400), ("POST", "*", 400), ("CONNECT", "b:443", 400), ("GET", "b:80", 400),
        ("GET", "http://user@b/boot.ipxe", 400), ("GET", "http:///boot.ipxe", 400), ("GET", "http://b:x/versions", 400),
        ("GET", "https://b/versions", 421), ("OPTIONS", "*", 200),
    ])
    func aTargetThatNamesNoPathIsRefused(method: String, target: String, status: Int) async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try ask(port, "\(method) \(target) HTTP/1.1", "Host: a", "Content-Length: 0")
            #expect(reply.status == status, "\(reply.text)")
            if status == 200 { #expect(reply["Allow"] == "GET, HEAD, OPTIONS, POST") }
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
        }
    }

    @Test func aClientThatWaitsForLeaveGetsIt() async throws {
        let site = try Site()
        try await site.visit { port in
            func open(_ lines: String...) throws -> HTTPConnection {
                let connection = try HTTPConnection(port: port)
                try connection.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
                return connection
            }
            let waiting = try open(
                "POST /schematics HTTP/1.1", "Host: x", "Content-Length: 2", "Expect: 100-continue", "Connection: close"
            )
            let leave = try waiting.reply(to: "HEAD")
            #expect(leave.status == 100 && leave.headers.isEmpty, "\(leave.headers)")
            try waiting.send("{}")
            #expect(try waiting.reply().status == 201)
            #expect(try waiting.isEnded())

            let chunked = try open(
                "POST /schematics HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", "expect: 100-Continue")
            #expect(try chunked.reply(to: "HEAD").status == 100)
            try chunked.send("2\r\n{}\r\n0\r\n\r\n")
            #expect(try chunked.reply().status == 201)
            #expect(try chunked.ask("GET", "/healthz").status == 200)

            let large = try open(
                "POST /schematics HTTP/1.1", "Host: x", "Content-Length: 99999999", "Expect: 100-continue")
            let refused = try large.reply()
            #expect(refused.status == 413 && refused["Connection"] == "close")
            #expect(try large.isEnded())

            let head = try open("HEAD /boot.ipxe HTTP/1.1", "Host: x", "Expect: 100-continue")
            #expect(try head.reply(to: "HEAD").status == 200)

            // Behind another request, leave comes after that one's answer.
            let behind = try open(
                "GET /versions HTTP/1.1", "Host: x", "", "POST /schematics HTTP/1.1", "Host: x", "Content-Length: 2",
                "Expect: 100-continue")
            #expect(try behind.reply().text == "[\"v1.13.5\"]\n")
            #expect(try behind.reply(to: "HEAD").status == 100)
            try behind.send("{}")
            #expect(try behind.reply().status == 201)
        }
    }

    @Test func percentSignsChangeNothing() async throws {
        let site = try Site(machines: PublishedTextsTests.machines, files: ["one.yaml": "x"])
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for (plain, encoded) in [
                ("/image/\(id)/v1.13.5/kernel-amd64", "/image/\(id)/v1.13.5/kernel%2Damd64"),
                ("/image/\(id)/v1.13.5/kernel-amd64", "/%69mage/\(id)/v1%2e13%2E5/kernel-amd64"),
                ("/loaders/ipxe.efi", "/loaders/%69pxe.efi"), ("/loaders/ipxe.efi", "/loaders//ipxe.efi"),
                ("/boot?mac=52-54-00-00-00-02", "/boo%74?m%61c=52%3A54%3a00%3A00:00:02"),
                ("/schematics/\(id)", "//schematics/%\(String(id.utf8.first ?? 0, radix: 16))\(id.dropFirst())"),
                ("/version/v1.13.5/overlays/official", "/version/%761.13.5/overlays/off%69cial"),
                ("/versions?broken=true", "/versions?broken=%74rue"),
            ] {
                let expected = try connection.ask("GET", plain)
                let reply = try connection.ask("GET", encoded)
                #expect(reply.status == 200 && reply.body == expected.body, "\(encoded): \(reply.text.prefix(200))")
            }
            // Decoded once: a percent sign that was encoded stays one.
            #expect(try connection.ask("GET", "/loaders/%2569pxe.efi").status == 404)
        }
    }
}
