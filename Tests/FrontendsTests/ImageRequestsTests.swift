import CodecTesting
import Compositions
import Foundation
import ImageFactory
import LayoutBuilding
import ServerTesting
import Testing

@Suite struct ImageRequestsTests {
    static let schematic =
        "customization: {extraKernelArgs: [a=b], systemExtensions: {officialExtensions: [siderolabs/gvisor]}}"

    @Test(arguments: [
        ("kernel-amd64", "application/octet-stream"), ("cmdline-metal-amd64", "application/octet-stream"),
        ("initramfs-amd64.xz", "application/x-xz"), ("kernel-arm64", "application/octet-stream"),
    ])
    func getAndHeadSayTheSame(path: String, type: String) async throws {
        let site = try Site()
        let id = try await site.schematic(Self.schematic)
        let expected = try await site.bytes(of: path, schematic: id)
        try await site.visit { port in
            let target = "/image/\(id)/v1.13.5/\(path)"
            let connection = try HTTPConnection(port: port)
            let head = try connection.ask("HEAD", target)
            let get = try connection.ask("GET", target)
            #expect(get.status == 200 && head.status == 200)
            #expect(get.body == expected)
            #expect(get["Content-Length"] == String(expected.count))
            #expect(get["Content-Type"] == type)
            #expect(get["Content-Disposition"] == "attachment; filename=\"\(path)\"")
            #expect(get["Accept-Ranges"] == "bytes")
            let tag = try #require(get["ETag"])
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 10)
            for name in [
                "ETag", "Last-Modified", "Content-Length", "Content-Type", "Content-Disposition", "Accept-Ranges",
            ] {
                #expect(head[name] != nil && head[name] == get[name], "\(name)")
            }
            // Without `v`, the same bytes.
            #expect(try connection.ask("GET", "/image/\(id)/1.13.5/\(path)").body == expected)
        }
        if path == "kernel-amd64" { #expect(expected == site.release.kernel) }
        if path.hasPrefix("cmdline") { #expect(String(decoding: expected, as: UTF8.self).hasSuffix(" a=b")) }
        if path.hasPrefix("initramfs") {
            #expect(expected.count > site.release.initramfs.count + 200_000)
            #expect(expected.starts(with: site.release.initramfs))
        }
    }

    @Test(arguments: [
        ("talos.xz", "talos.xz"), ("a%22b.xz", "a\\\"b.xz"), ("a%5Cb", "a\\\\b"),
        ("a%0D%0AX-Evil:%20y", "a__X-Evil: y"),
        ("%C3%BC", "_"), ("", "kernel-amd64"), ("a+b", "a+b"),
    ])
    func theNameIsTheClientsAndCannotLeaveItsQuotes(query: String, expected: String) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let reply = try HTTPConnection(port: port).ask(
                "HEAD", "/image/\(id)/v1.13.5/kernel-amd64?filename=\(query)")
            #expect(reply.status == 200)
            #expect(reply["Content-Disposition"] == "attachment; filename=\"\(expected)\"")
            #expect(reply["X-Evil"] == nil)
        }
    }

    @Test func rangesAreCutExactlyAcrossSegments() async throws {
        let site = try Site()
        let id = try await site.schematic(
            "customization: {systemExtensions: {officialExtensions: [siderolabs/gvisor, siderolabs/tailscale]}}")
        let whole = try await site.bytes(of: "initramfs-amd64.xz", schematic: id)
        let asset = try await site.factory.asset(schematic: id, version: "v1.13.5", path: "initramfs-amd64.xz")
        let segments = try #require(asset.composition).segments
        #expect(segments.count >= 4)
        var edges: [Int] = [0]
        for segment in segments { edges.append(edges[edges.count - 1] + Int(segment.length)) }
        let boundaries = edges
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/initramfs-amd64.xz"
            var ranges: [Range<Int>] = []
            for edge in boundaries {
                for (before, after) in [(1, 1), (7, 0), (0, 7), (70_000, 3)] {
                    ranges.append(max(0, edge - before)..<min(whole.count, edge + after))
                }
            }
            var generator = SeededGenerator(seed: 206)
            for _ in 0..<120 {
                let start = Int.random(in: 0..<whole.count, using: &generator)
                ranges.append(start..<Int.random(in: start + 1...whole.count, using: &generator))
            }
            for range in ranges where !range.isEmpty {
                let reply = try connection.ask(
                    "GET", target, [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")])
                #expect(reply.status == 206)
                #expect(
                    reply["Content-Range"] == "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(whole.count)")
                #expect(reply["Content-Length"] == String(range.count))
                #expect(reply.body.elementsEqual(whole[range]), "\(range)")
            }
            let suffix = try connection.ask("GET", target, [("Range", "bytes=-70001")])
            #expect(suffix.status == 206 && suffix.body.elementsEqual(whole.suffix(70_001)))
            let rest = try connection.ask("GET", target, [("Range", "bytes=1000-")])
            #expect(rest.status == 206 && rest.body.elementsEqual(whole.dropFirst(1000)))
            let beyond = try connection.ask("GET", target, [("Range", "bytes=\(whole.count)-")])
            #expect(beyond.status == 416)
            #expect(beyond["Content-Range"] == "bytes */\(whole.count)")
            #expect(beyond.body.isEmpty && beyond["Content-Length"] == "0")
            let ignored = try connection.ask("GET", target, [("Range", "lines=1-2")])
            #expect(ignored.status == 200 && ignored.body == whole)
            let head = try connection.ask("HEAD", target, [("Range", "bytes=0-9")])
            #expect(head.status == 200 && head["Content-Length"] == String(whole.count) && head["Content-Range"] == nil)
        }
    }

    @Test func severalRangesComeInParts() async throws {
        let site = try Site()
        let id = try await site.schematic(Self.schematic)
        let whole = try await site.bytes(of: "initramfs-amd64.xz", schematic: id)
        try await site.visit { port in
            let edge = site.release.initramfs.count
            let ranges = [0..<1, edge - 5..<edge + 5, whole.count - 100..<whole.count, 10..<20_000]
            let list = ranges.map { "\($0.lowerBound)-\($0.upperBound - 1)" }.joined(separator: ", ")
            let connection = try HTTPConnection(port: port)
            let reply = try connection.ask(
                "GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz", [("Range", "bytes=\(list)")])
            #expect(reply.status == 206)
            let parts = try #require(reply.parts)
            #expect(parts.map(\.range) == ranges.map { "bytes \($0.lowerBound)-\($0.upperBound - 1)/\(whole.count)" })
            for (part, range) in zip(parts, ranges) {
                #expect(part.bytes.elementsEqual(whole[range]))
                #expect(part.type == "application/x-xz")
            }
            // The connection is in order after it.
            #expect(try connection.ask("GET", "/healthz").status == 200)
        }
    }

    @Test func conditionsDecide() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            let target = "/image/\(id)/v1.13.5/kernel-amd64"
            let plain = try connection.ask("HEAD", target)
            let tag = try #require(plain["ETag"])
            let date = try #require(plain["Last-Modified"])
            let old = "Sun, 06 Nov 1994 08:49:37 GMT"
            let later = "Fri, 31 Dec 2100 00:00:00 GMT"
            let range = ("Range", "bytes=3-9")
            let cases: [([(String, String)], Int)] = [
                ([("If-None-Match", tag)], 304), ([("If-None-Match", "W/\(tag)")], 304),
                ([("If-None-Match", "*")], 304),
                ([("If-None-Match", "\"other\"")], 200), ([("If-None-Match", "\"x\", \(tag)")], 304),
                ([("If-Modified-Since", date)], 304), ([("If-Modified-Since", later)], 304),
                ([("If-Modified-Since", old)], 200), ([("If-Modified-Since", "nonsense")], 200),
                ([("If-None-Match", "\"other\""), ("If-Modified-Since", date)], 200),
                ([("If-Match", tag)], 200), ([("If-Match", "*")], 200), ([("If-Match", "\"other\"")], 412),
                ([("If-Match", "W/\(tag)")], 412), ([("If-Unmodified-Since", old)], 412),
                ([("If-Unmodified-Since", date)], 200), ([range], 206), ([range, ("If-Range", tag)], 206),
                ([range, ("If-Range", date)], 206), ([range, ("If-Range", "\"other\"")], 200),
                ([range, ("If-Range", old)], 200), ([range, ("If-Range", "W/\(tag)")], 200),
                ([range, ("If-None-Match", tag)], 304), ([range, ("If-Match", "\"other\"")], 412),
            ]
            for (headers, status) in cases {
                let reply = try connection.ask("GET", target, headers)
                #expect(reply.status == status, "\(headers)")
                switch status {
                case 304:
                    #expect(reply.body.isEmpty)
                    #expect(reply["ETag"] == tag, "\(headers)")
                    // Zero would be the length of the representation (RFC 9110 §8.6).
                    #expect(reply["Content-Length"] != "0")
                case 412: #expect(reply.body.isEmpty && reply["Content-Length"] == "0")
                case 206: #expect(reply.body.elementsEqual(site.release.kernel[3...9]))
                default: #expect(reply.body == site.release.kernel)
                }
                if status != 206 { #expect(try connection.ask("HEAD", target, headers).status == status) }
            }
        }
    }

    @Test func aTagNamesTheContentOfItsSchematic() async throws {
        let site = try Site()
        let ids = [try await site.schematic("{}"), try await site.schematic("customization: {extraKernelArgs: [x]}")]
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            func tag(_ id: String, _ path: String) throws -> String? {
                try connection.ask("HEAD", "/image/\(id)/v1.13.5/\(path)")["ETag"]
            }
            #expect(try tag(ids[0], "kernel-amd64") == tag(ids[1], "kernel-amd64"))
            #expect(try tag(ids[0], "kernel-amd64") != tag(ids[0], "kernel-arm64"))
            #expect(try tag(ids[0], "initramfs-amd64.xz") != tag(ids[1], "initramfs-amd64.xz"))
            #expect(try tag(ids[0], "initramfs-amd64.xz") == tag(ids[0], "initramfs-amd64.xz"))
        }
    }
}
