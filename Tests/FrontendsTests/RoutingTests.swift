import ServerTesting
import Testing

@testable import Frontends

@Suite struct RoutingTests {
    @Test(
        arguments: [
            ("/", [], true), ("/a/b", ["a", "b"], false), ("//a//b//", ["a", "b"], true), ("/a?b/c", ["a"], false),
            ("/a/#b", ["a"], true), ("/%61%62", ["ab"], false), ("/%2561", ["%61"], false), ("/...", ["..."], false),
            ("/%C3%BC", ["ü"], false), ("/..a", ["..a"], false),
        ] as [(String, [String], Bool)])
    func aPathIsSegments(target: String, segments: [String], endsInSlash: Bool) throws {
        let path = try RequestPath(target: target)
        #expect(path.segments == segments && path.endsInSlash == endsInSlash)
    }

    @Test(
        arguments: [
            ("/a?b", RequestTarget.resource("/a?b", authority: nil)), ("//h/a", .resource("//h/a", authority: nil)),
            ("http://h:1/a?x", .resource("/a?x", authority: "h:1")), ("HTTP://h", .resource("/", authority: "h")),
            ("http://[fd00::1]:8080//a", .resource("//a", authority: "[fd00::1]:8080")),
            ("http://h?x=/y", .resource("/?x=/y", authority: "h")), ("http://h#f", .resource("/#f", authority: "h")),
            ("*", .server), ("https://h/a", .otherScheme("https")), ("h:443", .unknown), ("", .unknown),
            ("a/b", .unknown), ("**", .unknown), ("http:/a", .unknown), ("http:///a", .unknown), ("http://", .unknown),
            ("http://user@h/a", .unknown), ("http://h:x/a", .unknown), ("://h/a", .unknown),
            ("http://h:/", .resource("/", authority: "h")),
            ("http://h:70000/a", .unknown), ("http://a..b/", .unknown), ("http://[zz]/", .unknown),
        ] as [(String, RequestTarget)])
    func aTargetIsAPathOrAURL(text: String, expected: RequestTarget) { #expect(RequestTarget(text) == expected) }

    @Test(arguments: ["/..", "/a/../b", "/%2e%2E", "/.", "/a%2Fb", "/a%00", "/%2f", "/.%2e/x"])
    func whatClimbsOrHidesIsNoPath(target: String) {
        #expect(throws: RequestPath.Fault.name) { try RequestPath(target: target) }
    }

    @Test(arguments: ["/%", "/%4", "/%4g", "/a/%zz", "/%%41"])
    func aPercentSignNeedsTwoDigits(target: String) {
        #expect(throws: RequestPath.Fault.encoding) { try RequestPath(target: target) }
    }

    @Test func aQueryIsNamesAndValues() {
        let query = RequestQuery(target: "/x?a=1&b=&c&a=2&%64=%20+%zz&e==?/&&=n#f=3")
        #expect(query["a"] == "1" && query["b"] == "" && query["c"] == "" && query["f"] == nil)
        #expect(query["d"] == "%20+%zz", "what cannot be decoded stands as it is")
        #expect(query["e"] == "=?/" && query[""] == "n")
        #expect(RequestQuery(target: "/x")["a"] == nil)
        #expect(RequestQuery(target: "/x?" + String(repeating: "y=1&", count: 100_000) + "z=1")["z"] == nil)
    }

    @Test func whatARequestSaidIsQuotedBriefly() async throws {
        #expect(PublicText.beginning(of: "a\(String(repeating: "\u{301}", count: 10_000))").utf8.count <= 66)
        let site = try Site()
        let long = "a" + String(repeating: "%CC%81", count: 5000)
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for path in [
                "/config/\(long)", "/machines/\(long)", "/loaders/\(long)", "/image/\(long)/v1.13.5/kernel-amd64",
            ] {
                let reply = try connection.ask("GET", path)
                #expect(
                    [400, 404].contains(reply.status) && reply.body.count < 700,
                    "\(path.prefix(20)): \(reply.body.count)")
            }
        }
    }

    @Test(arguments: [
        ("cannot read /var/lib/slipway/blobs/ab: gone", "cannot read ab: gone"), ("'/a/b'", "'b'"), ("/a", "a"),
        ("see http://10.0.0.1/a/b and siderolabs/gvisor", "see http://10.0.0.1/a/b and siderolabs/gvisor"),
        ("no entry of /etc/slipway/machines.yaml matches", "no entry of machines.yaml matches"),
        ("at /m.yaml:3:1 and/or", "at m.yaml:3:1 and/or"), ("a / b", "a / b"), ("", ""), ("file:///a", "file:///a"),
    ])
    func strangersAreToldNoPaths(text: String, expected: String) {
        #expect(PublicText.withoutPaths(text) == expected)
    }

    @Test(arguments: [
        ("in /a store/corrupt; opening /a store/records/x/1: /etc/b", "in corrupt; opening records/x/1: b"),
        ("in /not/a store/b", "in a store/b"), ("/a store/b", "b"),
    ])
    func whatLiesBelowAFolderIsTold(text: String, expected: String) {
        #expect(PublicText.withoutPaths(text, exceptBelow: "/a store") == expected)
        #expect(PublicText.withoutPaths(text, exceptBelow: "/a store/") == expected)
    }
}
