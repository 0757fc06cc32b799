import Foundation
import ServerTesting
import Testing

/// Where clients of the original service look closely.
@Suite struct OriginalTests {
    private func isVersion4(_ text: String) -> Bool {
        let digits = Array(text.utf8)
        return UUID(uuidString: text) != nil && digits[14] == UInt8(ascii: "4") && "89ab".utf8.contains(digits[19])
            && text == text.lowercased()
    }

    @Test func theRootSaysWhoThisIs() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let head = try connection.ask("HEAD", "/")
            #expect(head.status == 200)
            let server = try #require(head["Server"])
            #expect(server == "Image Factory (Slipway test)" && !server.contains("Enterprise"))
            let page = try connection.ask("GET", "/")
            #expect(page.status == 200 && page["Content-Type"] == "text/html; charset=utf-8")
            #expect(page.text.contains("Slipway test"))
            // What the page names is there.
            let targets = page.text.split(separator: "href=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
            #expect(!targets.isEmpty)
            for target in targets {
                #expect(try connection.ask("GET", target).status == 200, "\(target)")
            }
        }
    }

    @Test func aRequestHasAnID() async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let made = try (0..<50).map { _ in try #require(try connection.ask("GET", "/versions")["X-Request-ID"]) }
            #expect(made.allSatisfy(isVersion4), "\(made)")
            #expect(Set(made).count == 50)
            for own in ["abc", "A b/c;d=\"e\"", String(repeating: "x", count: 256)] {
                #expect(try connection.ask("GET", "/versions", [("X-Request-ID", own)])["X-Request-ID"] == own)
            }
            for hostile in [String(repeating: "x", count: 257), "\u{1b}[2J", "ü"] {
                // The parser may end the connection over what no header may hold.
                let other = try HTTPConnection(port: port)
                do {
                    let reply = try other.ask("GET", "/versions", [("x-request-id", hostile)])
                    #expect(reply.status == 400 || isVersion4(reply["X-Request-ID"] ?? ""), "\(reply.headers)")
                } catch is HTTPConnection.Failure {}
                #expect(try connection.ask("GET", "/healthz").status == 200)
            }
            _ = try connection.ask("GET", "/schematics/nothing", [("X-Request-ID", "traced-7")])
        }
        #expect(site.log.matching("refused").contains { $0.contains("request.id=traced-7") }, "\(site.log.all)")
    }

    @Test(arguments: [
        ("GET", "/versions/", 301, "/versions"), ("GET", "/healthz/", 301, "/healthz"),
        ("HEAD", "/versions/", 307, "/versions"), ("POST", "/schematics/", 307, "/schematics"),
        ("GET", "//versions//?broken=true&x=//y", 301, "/versions?broken=true&x=//y"),
        ("GET", "/image/a/%76b/c/", 301, "/image/a/%76b/c"), ("GET", "/nothing/", 404, ""),
        ("GET", "//example.org/", 404, ""),
    ])
    func aSlashAtTheEndIsOneTooMany(method: String, target: String, status: Int, location: String) async throws {
        let site = try Site()
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask(method, target)
            #expect(reply.status == status)
            #expect((reply["Location"] ?? "") == location)
            #expect(reply["Server"] == nil && reply["X-Request-ID"] == nil)
        }
    }

    @Test func pagesOfOtherOriginsMayReadAndNotPost() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let origin = ("Origin", "https://foo.com")
            let exposed = "Content-Disposition, Content-Length, Content-Type"
            for target in ["/image/\(id)/v1.13.5/kernel-amd64", "/nothing", "/versions"] {
                for method in ["GET", "HEAD", "OPTIONS"] {
                    let reply = try connection.ask(method, target, [origin])
                    #expect(reply["Access-Control-Allow-Origin"] == "*", "\(method) \(target)")
                    #expect(reply["Access-Control-Expose-Headers"] == exposed)
                    #expect(reply["Vary"] == "Origin")
                }
                let plain = try connection.ask("GET", target)
                #expect(plain["Vary"] == "Origin" && plain["Access-Control-Allow-Origin"] == nil)
            }
            let posted = try connection.ask("POST", "/schematics", [origin], body: Array("{}".utf8))
            #expect(posted.status == 201)
            #expect(!posted.headers.contains { $0.name.lowercased().hasPrefix("access-control-") })
            let options = try connection.ask("OPTIONS", "/versions")
            #expect(options.status == 200 && options["Allow"] == "GET, OPTIONS" && options.body.isEmpty)
            #expect(try connection.ask("OPTIONS", "/nothing").status == 404)
        }
    }

    @Test(arguments: [
        ("GET", "cache-control", true), ("HEAD", nil, true), ("OPTIONS", "Cache-Control", true), ("POST", nil, false),
        ("GET", "authorization", false), ("GET", "cache-control, x", false), ("get", nil, false),
    ])
    func aPreflightIsAnsweredWithoutBody(method: String, headers: String?, allowed: Bool) async throws {
        let site = try Site()
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            var sent = [("Origin", "https://foo.com"), ("Access-Control-Request-Method", method)]
            if let headers { sent.append(("Access-Control-Request-Headers", headers)) }
            for target in ["/schematics", "/nothing"] {
                let reply = try connection.ask("OPTIONS", target, sent)
                #expect(reply.status == 204 && reply.body.isEmpty)
                #expect(reply["Vary"] == "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
                #expect(reply["Access-Control-Allow-Origin"] == (allowed ? "*" : nil))
                #expect(reply["Access-Control-Allow-Methods"] == (allowed ? method : nil))
                #expect(reply["Access-Control-Allow-Headers"] == (allowed ? headers : nil))
            }
            #expect(try connection.ask("GET", "/healthz").status == 200)
        }
    }

    @Test func aDownloadIsNamedAsItWasAskedFor() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for (path, name) in [
                ("kernel-x86_64", "kernel-x86_64"), ("kernel-amd64", "kernel-amd64"), ("kernel-i386", "kernel-i386"),
                ("initramfs-x86_64.xz", "initramfs-x86_64.xz"), ("kernel-x86_64?filename=k", "k"),
            ] {
                let reply = try connection.ask("HEAD", "/image/\(id)/v1.13.5/\(path)")
                #expect(reply["Content-Disposition"] == "attachment; filename=\"\(name)\"")
            }
        }
    }
}
