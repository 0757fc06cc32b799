import Digests
import Foundation
import HTTPTypes
import HummingbirdCore
import LayoutBuilding
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTPTypesHTTP1
import ServerTesting
import Stores
import Testing

@testable import Frontends

@Suite(.serialized) struct TransfersTests {
    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func twoRequestsAtOnceAreAnsweredInOrder(_ transport: BodyTransport) async throws {
        let site = try Site()
        let id = try await site.schematic(ImageRequestsTests.schematic)
        let initramfs = try await site.bytes(of: "initramfs-amd64.xz", schematic: id)
        try await site.visit(transport: transport) { port in
            let connection = try HTTPConnection(port: port)
            func request(_ path: String) -> String {
                "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n"
            }
            try connection.send(
                request("/image/\(id)/v1.13.5/kernel-amd64") + request("/versions")
                    + request("/image/\(id)/v1.13.5/initramfs-amd64.xz") + request("/healthz"))
            #expect(try connection.reply().body == site.release.kernel)
            #expect(try connection.reply().text == "[\"v1.13.5\"]\n")
            #expect(try connection.reply().body == initramfs)
            #expect(try connection.reply().status == 200)
        }
    }

    @Test func anAnswerToHeadIsNeverFollowedByABody() async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            for path in [
                "/nothing", "/image/abc/v1.13.5/kernel-amd64", "/image/\(id)/v1.13.5/kernel-amd64", "/boot.ipxe",
                "/schematics",
                "/loaders/nothing", "/image/\(id)/x/kernel-amd64",
            ] {
                let head = try connection.ask("HEAD", path)
                #expect(head["Content-Length"] != nil)
                #expect(try connection.ask("GET", "/versions").text == "[\"v1.13.5\"]\n", "\(path)")
            }
        }
    }

    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func aBlobThatIsGoneIsNamedAndNothingElseSuffers(_ transport: BodyTransport) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit(transport: transport) { port in
            let target = "/image/\(id)/v1.13.5/kernel-amd64"
            #expect(try HTTPConnection(port: port).ask("GET", target).status == 200)
            let blobs = "\(site.folder)/store/blobs/sha256"
            for name in try FileManager.default.contentsOfDirectory(atPath: blobs) {
                try FileManager.default.removeItem(atPath: "\(blobs)/\(name)")
            }
            let connection = try HTTPConnection(port: port)
            let reply = try connection.ask("GET", target)
            #expect(reply.status == 500 && reply.text.contains("damaged or gone; import the imager image again"))
            #expect(!reply.text.contains(site.folder), "\(reply.text)")
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
        }
        #expect(site.log.errors.contains { $0.contains("is gone from the store") }, "\(site.log.all)")
    }

    @Test(arguments: [
        ("HTTP/1.0", "", true), ("HTTP/1.0", "Connection: keep-alive\r\n", true), ("HTTP/1.1", "", false),
        ("HTTP/1.1", "Connection: close\r\n", true), ("HTTP/1.1", "Connection: Close\r\n", true),
        ("HTTP/1.1", "Connection: TE, close\r\n", true),
    ])
    func aConnectionEndsWhenTheClientExpectsIt(version: String, header: String, ends: Bool) async throws {
        let site = try Site()
        let id = try await site.schematic("{}")
        try await site.visit { port in
            let connection = try HTTPConnection(port: port)
            try connection.send("GET /image/\(id)/v1.13.5/kernel-amd64 \(version)\r\nHost: x\r\n\(header)\r\n")
            #expect(try connection.reply().body == site.release.kernel)
            if ends {
                #expect(try connection.isEnded())
            } else {
                #expect(try connection.ask("GET", "/healthz").status == 200)
            }
        }
    }

    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func aClientThatGoesInTheMiddleLeavesNothingOpen(_ transport: BodyTransport) async throws {
        let site = try Site(size: FilledStore.largeSize)
        let id = try await site.schematic("{}")
        try await site.visit(transport: transport) { port in
            _ = try HTTPConnection(port: port).ask("GET", "/healthz")
            let before = openDescriptors()
            for index in 0..<20 {
                let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
                try connection.send("GET /image/\(id)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try connection.receive(upTo: 1000)
                if index.isMultiple(of: 2) { connection.reset() } else { connection.close() }
            }
            #expect(
                holds { openDescriptors() <= before + 2 }, "\(before) before, \(openDescriptors()) after")
            #expect(
                try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").body
                    == site.release.kernel)
        }
    }

    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func clientsThatStopReadingCostOthersNothing(_ transport: BodyTransport) async throws {
        let site = try Site(size: FilledStore.largeSize)
        let id = try await site.schematic("{}")
        try await site.visit(transport: transport) { port in
            var stalled: [HTTPConnection] = []
            for _ in 0..<20 {
                let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
                try connection.send("GET /image/\(id)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try connection.receive(upTo: 100)
                stalled.append(connection)
            }
            let start = ContinuousClock.now
            #expect(
                try HTTPConnection(port: port).ask("GET", "/image/\(id)/v1.13.5/kernel-amd64").body
                    == site.release.kernel)
            // Before the server lets go of those that stand still.
            #expect(ContinuousClock.now - start < .seconds(50))
            for connection in stalled { connection.close() }
        }
    }

    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func aServerThatStopsDoesNotWaitForAClientThatDoesNotRead(_ transport: BodyTransport) async throws {
        let site = try Site(size: FilledStore.largeSize)
        let id = try await site.schematic("{}")
        let start = ContinuousClock.now
        let connection = try await site.visit(transport: transport) { port in
            let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
            try connection.send("GET /image/\(id)/v1.13.5/initramfs-amd64.xz HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try connection.receive(upTo: 100)
            return connection
        }
        #expect(ContinuousClock.now - start < .seconds(50))
        connection.close()
    }

    /// Whatever has been accepted and not been looked at is closed, and nothing else happens.
    @Test func aServerThatStopsClosesWhatItHasJustAccepted() async throws {
        let site = try Site()
        for _ in 0..<40 {
            let connections = try await site.serve { port in
                try await blocking { try (0..<40).map { _ in try HTTPConnection(port: port) } }
            }
            for connection in connections { connection.close() }
        }
    }

    /// A bit that flips behind the store's back, with the times put back; a cut; a removal. What was sent before is whole, and
    /// the connection ends before the rest.
    @Test(arguments: ["flip", "cut", "remove"], [BodyTransport.sendfile, .buffers])
    func aFileThatIsAlteredInMidTransferEndsTheConnection(_ change: String, _ transport: BodyTransport) async throws {
        let site = try Site(size: FilledStore.largeSize)
        let id = try await site.schematic("{}")
        try await site.visit(transport: transport) { port in
            let target = "/image/\(id)/v1.13.5/initramfs-amd64.xz"
            let expected = site.release.initramfs
            let path = "\(site.store.root)/blobs/sha256/\(Digest.of(expected).hexadecimal)"
            let connection = try HTTPConnection(port: port, receiveBuffer: 4096)
            try connection.send("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
            var received = try connection.receive(upTo: 1000)
            // Near the end, and in the last of the steps in which it is sent.
            let offset = expected.count - 1000
            switch change {
            case "cut": #expect(truncate(path, off_t(offset)) == 0)
            case "remove": #expect(unlink(path) == 0)
            default:
                var status = stat()
                #expect(stat(path, &status) == 0)
                let descriptor = open(path, O_RDWR)
                defer { close(descriptor) }
                #expect(pwrite(descriptor, [expected[offset] ^ 1], 1, off_t(offset)) == 1)
                #expect(futimens(descriptor, [status.st_atim, status.st_mtim]) == 0)
            }
            while true {
                guard let more = try? connection.receive(upTo: 1 << 20), !more.isEmpty else { break }
                received += more
            }
            let end = try #require(received.firstRange(of: Array("\r\n\r\n".utf8))).upperBound
            let body = Array(received[end...])
            #expect(body.count < expected.count - 1_000_000, "\(body.count)")
            #expect(body == Array(expected.prefix(body.count)))
            // What was removed before the server came to open it is missing and not changed.
            let reasons = change == "remove" ? ["changed", "No such file"] : ["changed"]
            #expect(
                holds {
                    site.log.matching("cannot send a part of an asset").contains { line in
                        line.contains(path) && reasons.contains { line.contains($0) }
                    }
                }, "\(site.log.all)")
            #expect(try HTTPConnection(port: port).ask("GET", target).status == 500)
            #expect(try HTTPConnection(port: port).ask("GET", "/healthz").status == 200)
        }
    }

    @Test(arguments: [BodyTransport.sendfile, .buffers])
    func twoHundredDownloadsAtOnceAreWholeAndLeaveNothingOpen(_ transport: BodyTransport) async throws {
        let site = try Site()
        let id = try await site.schematic(ImageRequestsTests.schematic)
        let expected = try await site.bytes(of: "initramfs-amd64.xz", schematic: id)
        try await site.serve(transport: transport) { port in
            let before = try await blocking {
                _ = try HTTPConnection(port: port).ask("GET", "/healthz")
                return openDescriptors()
            }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await blocking {
                            try HTTPConnection(port: port, seconds: 180).ask(
                                "GET", "/image/\(id)/v1.13.5/initramfs-amd64.xz"
                            ).body == expected
                        }
                    }
                }
                for try await isWhole in group { #expect(isWhole) }
            }
            try await blocking {
                #expect(holds { openDescriptors() <= before + 2 })
            }
        }
    }

    @Test func theSendFileHandlerStandsBetweenEncoderAndCodec() async throws {
        let server = FrontendChannel(
            responder: { _, writer, _ in try await writer.writeResponse(.init(status: .ok)) },
            table: ConnectionTable(limits: .ofProcess), bodyLimit: 1 << 20, idleTimeout: .seconds(60),
            transport: .sendfile)
        let channel = EmbeddedChannel()
        let accepted = try await server.setup(
            channel: channel, logger: Logger(label: "none") { _ in SwiftLogNoOpLogHandler() }
        ).get()
        // Never dropped: it would close the channel by itself, from another thread.
        _ = Unmanaged.passRetained(accepted)
        let description = channel.pipeline.debugDescription
        let names = description.split(whereSeparator: { !$0.isLetter && !$0.isNumber }).map(String.init)
        let encoder = try #require(names.firstIndex { $0.hasPrefix("HTTPResponseEncoder") }, "\(description)")
        let sender = try #require(names.firstIndex { $0 == "SendFileHandler" }, "\(description)")
        let codec = try #require(names.firstIndex { $0 == "RequestCodec" }, "\(description)")
        #expect(encoder < sender && sender < codec)
        _ = try channel.finish()
    }
}
