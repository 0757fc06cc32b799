import CodecTesting
import Compositions
import Digests
import FolderTesting
import Foundation
import Logging
import NetworkTypes
import ServerTesting
import Synchronization
import TFTP
import TFTPService
import Testing

@Suite(.serialized, .timeLimit(.minutes(20))) struct TFTPServerTests {
    private func code<T>(_ result: Result<T, FetchError>) -> TFTPErrorCode? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    // MARK: Real clients

    @Test(arguments: [0, 1, 511, 512, 513, 1024, 100_000]) func tftpHPAGetsTheFile(length: Int) async throws {
        let folder = try TemporaryFolder()
        try folder.write("boot/file.bin", pattern(length))
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            let target = folder.path + "/got"
            let run = try await runProgram(
                "/usr/bin/tftp",
                ["-m", "octet", "127.0.0.1", "\(server.endpoints[0].port)", "-c", "get", "/boot/file.bin", target])
            #expect(run.status == 0, "\(run.output)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data(pattern(length)))
            let finished = try await log.first {
                if case .finished(let who, let bytes, _, _) = $0 { (who, bytes) } else { nil }
            }
            #expect(finished?.0.name == "boot/file.bin")
            #expect(finished?.1 == UInt64(length))
        }
    }

    @Test(arguments: [512, 1024, 1468]) func curlGetsTheFile(blockSize: Int) async throws {
        let folder = try TemporaryFolder()
        let content = pattern(blockSize * 300)
        try folder.write("ipxe.efi", content)
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let target = folder.path + "/got"
            let run = try await runProgram(
                "/usr/bin/curl",
                [
                    "-sS", "--max-time", "180", "--tftp-blksize", "\(blockSize)", "-o", target,
                    "tftp://127.0.0.1:\(server.endpoints[0].port)/ipxe.efi",
                ])
            #expect(run.status == 0, "\(run.output)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: target)) == Data(content))
        }
    }

    @Test func curlHearsOfAMissingFileAtOnceAndCannotWrite() async throws {
        let folder = try TemporaryFolder()
        let local = try folder.write("local", pattern(10))
        try await withServer(LoaderTree(folder: folder.path + "/none")) { server, _ in
            let address = "tftp://127.0.0.1:\(server.endpoints[0].port)/missing"
            let get = try await runProgram("/usr/bin/curl", ["-sS", "--max-time", "180", address])
            #expect(get.status == 68, "TFTP file not found: \(get.output)")
            let put = try await runProgram("/usr/bin/curl", ["-sS", "--max-time", "180", "-T", local, address])
            #expect(put.status == 69, "TFTP permission problem: \(put.output)")
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
        }
    }

    // MARK: The tree

    @Test func nothingOutsideTheFolderIsServed() async throws {
        let folder = try TemporaryFolder()
        let secret = pattern(100)
        try folder.write("secret", secret)
        try folder.write("root/inside", pattern(3))
        try folder.write("root/dir/file", pattern(4))
        let root = folder.path + "/root"
        let files = FileManager.default
        try files.createSymbolicLink(atPath: root + "/escape", withDestinationPath: "../secret")
        try files.createSymbolicLink(atPath: root + "/absolute", withDestinationPath: folder.path + "/secret")
        try files.createSymbolicLink(atPath: root + "/up", withDestinationPath: "..")
        try files.createSymbolicLink(atPath: root + "/proc", withDestinationPath: "/proc/self/root")
        try files.createSymbolicLink(atPath: root + "/link", withDestinationPath: "dir/file")
        #expect(mkfifo(root + "/pipe", 0o644) == 0)
        try await withServer(LoaderTree(folder: root)) { server, _ in
            func fetch(_ name: String) -> Result<[UInt8], FetchError> {
                PlainClient(server: server.endpoints[0]).fetch(name)
            }
            for name in ["../secret", "dir/../../secret", "..\\secret", "/../secret", "dir\\..\\..\\secret"] {
                #expect(code(fetch(name)) == .accessViolation, "\(name)")
            }
            for name in [
                "escape", "absolute", "up/secret", "proc\(folder.path)/secret", "pipe", "dir", "dir/", "", "/",
                "/etc/passwd",
                folder.path + "/secret", "ESCAPE",
            ] {
                #expect(code(fetch(name)) == .fileNotFound, "\(name)")
            }
            #expect(fetch("link") == .success(pattern(4)))
            #expect(fetch("/dir//file") == .success(pattern(4)))
            #expect(fetch("DIR\\FILE") == .success(pattern(4)))
            #expect(fetch("inside\u{0}") == .success(pattern(3)))
            #expect(fetch("inside?mac=52:54:00:12:34:56") == .success(pattern(3)))
        }
    }

    @Test func entriesComeBeforeTheFolder() async throws {
        let folder = try TemporaryFolder()
        let stored = try folder.write("store/blob", pattern(5000))
        try folder.write("root/ipxe.efi", [1])
        try folder.write("root/own", [2])
        let composition = Composition([
            .bytes(Array("head".utf8)),
            .file(StoredFile(path: stored, length: 5000, digest: Digest.of(pattern(5000)))),
            .bytes(pattern(7)),
            .file(StoredFile(path: stored, length: 5000, digest: Digest.of(pattern(5000)))),
        ])
        let whole = Array("head".utf8) + pattern(5000) + pattern(7) + pattern(5000)
        let broken = Composition([.file(StoredFile(path: stored, length: 4999, digest: Digest.of([])))])
        let tree = LoaderTree(
            entries: [
                "ipxe.efi": .file(path: stored), "EFI/boot.uki": .composition(composition),
                "broken": .composition(broken), "gone": .file(path: folder.path + "/gone"),
            ], folder: folder.path + "/root")
        try await withServer(tree) { server, _ in
            func fetch(_ name: String, _ options: [TransferOption] = []) -> Result<[UInt8], FetchError> {
                PlainClient(server: server.endpoints[0]).fetch(name, options)
            }
            #expect(fetch("ipxe.efi") == .success(pattern(5000)))
            #expect(fetch("IPXE.EFI") == .success(pattern(5000)))
            #expect(fetch("own") == .success([2]))
            for (block, window) in [(8, 32), (512, 1), (1000, 4), (1468, 16)] {
                let got = fetch("efi/boot.uki", [.init("blksize", "\(block)"), .init("windowsize", "\(window)")])
                #expect(got == .success(whole), "\(block) × \(window)")
            }
            #expect(code(fetch("broken")) == .undefined)
            #expect(code(fetch("gone")) == .fileNotFound)
        }
    }

    // MARK: Requests

    @Test func writingAndMailAreRefusedAndNetasciiIsOctet() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", [13, 10, 13, 0, 10])
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let client = PlainClient(server: server.endpoints[0])
            client.send(.writeRequest(TFTPRequest(fileName: Array("new".utf8))))
            guard case .error(.accessViolation, _)? = client.receive() else {
                Issue.record("a write request was not refused")
                return
            }
            #expect(!FileManager.default.fileExists(atPath: folder.path + "/new"))
            #expect(code(PlainClient(server: server.endpoints[0]).fetch("file", mode: "mail")) == .illegalOperation)
            #expect(
                PlainClient(server: server.endpoints[0]).fetch("file", mode: "NetASCII")
                    == .success([13, 10, 13, 0, 10]))
            client.sendBytes([0, 1, 0x61, 0x62], to: server.endpoints[0])
            guard case .error(.illegalOperation, _)? = client.receive() else {
                Issue.record("a malformed request was not refused")
                return
            }
        }
    }

    @Test func answersLeaveFromTheAddressThatWasAsked() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(2000))
        for single in [false, true] {
            try await withServer(
                LoaderTree(folder: folder.path), addresses: [.any], configure: { $0.singlePort = single }
            ) { server, _ in
                let asked = SocketEndpoint(address: IPv4Address(value: 0x7f00_0002), port: server.endpoints[0].port)
                let client = PlainClient(server: asked)
                #expect(client.fetch("file") == .success(pattern(2000)))
                #expect(client.peer.address == asked.address)
                #expect((client.peer.port == asked.port) == single)
                #expect(code(PlainClient(server: asked).fetch("none")) == .fileNotFound)
            }
        }
    }

    @Test func sizeProbeIsANormalEnd() async throws {
        let folder = try TemporaryFolder()
        try folder.write("bootx64.efi", pattern(5000))
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            // As EDK2 does it: tsize, abort with error 8, then again from another port without tsize.
            let probe = PlainClient(server: server.endpoints[0])
            probe.ask("bootx64.efi", [.init("tsize", "0"), .init("blksize", "1468"), .init("windowsize", "4")])
            let expected: [TransferOption] = [
                .init("tsize", "5000"), .init("blksize", "1468"), .init("windowsize", "4"),
            ]
            #expect(probe.receive() == .optionAcknowledgement(expected))
            probe.send(.error(.optionNegotiation, message: "User aborted the transfer"))
            let declined: Bool? = try await log.first { if case .declined = $0 { true } else { nil } }
            #expect(declined == true)
            let second = PlainClient(server: server.endpoints[0])
            #expect(
                second.fetch("bootx64.efi", [.init("blksize", "1468"), .init("windowsize", "4")])
                    == .success(pattern(5000)))
            #expect(server.counters.failed == 0)
        }
    }

    @Test func blockSizeIsLoweredForItsNetwork() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(5000))
        let limit = TFTPServer.BlockSizeLimit(
            address: IPv4Address(value: 0x7f00_0000), prefixLength: 8, maximumBlockSize: 1418)
        try await withServer(LoaderTree(folder: folder.path), configure: { $0.blockSizeLimits = [limit] }) {
            server, _ in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file", [.init("blksize", "1468")])
            #expect(client.receive() == .optionAcknowledgement([.init("blksize", "1418")]))
        }
    }

    // MARK: Clients that come again, are silent or are many

    @Test(arguments: [false, true]) func requestFromTheSamePortRestarts(single: Bool) async throws {
        let folder = try TemporaryFolder()
        try folder.write("one", pattern(5000))
        try folder.write("two", pattern(6000))
        try await withServer(
            LoaderTree(folder: folder.path), configure: { ($0.singlePort, $0.maximumTransfersPerClient) = (single, 1) }
        ) { server, log in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("one", [.init("blksize", "1024")])
            _ = client.receive()
            client.send(.acknowledgement(block: 0))
            #expect(client.receive() == .data(block: 1, bytes: Array(pattern(5000)[..<1024])))
            let first = client.peer
            // The machine was reset, and its loader asks from the port it always uses.
            #expect(client.fetch("two") == .success(pattern(6000)))
            #expect((client.peer == first) == single)
            let replaced: Bool? = try await log.first { if case .failed(_, .replaced) = $0 { true } else { nil } }
            #expect(replaced == true)
            let finished: Bool? = try await log.first { if case .finished = $0 { true } else { nil } }
            #expect(finished == true)
            #expect(try await comesTrue { server.counters.active == 0 })
        }
    }

    @Test func repeatedRequestGoesOnWhereTheFirstAnswerWas() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(700))
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file", [.init("tsize", "0")])
            #expect(client.receive() == .optionAcknowledgement([.init("tsize", "700")]))
            let first = client.peer
            client.ask("file", [.init("tsize", "0")])
            #expect(client.receive() == .optionAcknowledgement([.init("tsize", "700")]))
            #expect(client.peer == first)
            client.send(.acknowledgement(block: 0))
            #expect(client.receive() == .data(block: 1, bytes: Array(pattern(700)[..<512])))
            #expect(log.events.count { if case .started = $0 { true } else { false } } == 1)
        }
    }

    @Test func acknowledgementOfAStrangerDisturbsNothing() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(700))
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file")
            #expect(client.receive() == .data(block: 1, bytes: Array(pattern(700)[..<512])))
            let stranger = PlainClient(server: client.peer)
            stranger.send(.acknowledgement(block: 1))
            stranger.send(.error(.undefined, message: "stop"))
            client.send(.acknowledgement(block: 1))
            #expect(client.receive() == .data(block: 2, bytes: Array(pattern(700)[512...])))
            // The stranger's packets came first, to the same socket.
            #expect(stranger.receive(milliseconds: 0) == nil)
        }
    }

    @Test func lostClientIsCleanedUpAfterFewRetransmissions() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(7000))
        try await withServer(
            LoaderTree(folder: folder.path),
            configure: { $0.retry = RetryPolicy(interval: .growing(milliseconds: 20), limit: 3) }
        ) { server, log in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file")
            var copies = 0
            let first = TFTPPacket.data(block: 1, bytes: Array(pattern(7000)[..<512]))
            while copies < 4, client.receive() == first { copies += 1 }
            #expect(copies == 4)
            let reason = try await log.first { if case .failed(_, let reason) = $0 { reason } else { nil } }
            #expect(reason == .noAnswer(afterRetransmissions: 3))
            #expect(try await comesTrue { server.counters.active == 0 })
            #expect(client.receive(milliseconds: 0) == nil, "a fifth copy")
            // The place is free again.
            #expect(client.fetch("file") == .success(pattern(7000)))
        }
    }

    @Test func duplicateAcknowledgementsAreAnsweredOnce() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(2000))
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file")
            _ = client.receive()
            for _ in 0..<5 { client.send(.acknowledgement(block: 1)) }
            #expect(client.receive() == .data(block: 2, bytes: Array(pattern(2000)[512..<1024])))
            // What is sent next is what is asked for next: the copies have been read by then.
            client.send(.acknowledgement(block: 2))
            #expect(client.receive() == .data(block: 3, bytes: Array(pattern(2000)[1024..<1536])))
        }
    }

    @Test func limitsAreKept() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(7000))
        try await withServer(
            LoaderTree(folder: folder.path),
            configure: { ($0.maximumTransfersPerClient, $0.maximumTransfers) = (3, 100) }
        ) { server, _ in
            let clients = (0..<3).map { _ in PlainClient(server: server.endpoints[0]) }
            for client in clients {
                client.ask("file")
                _ = client.receive()
                client.send(.acknowledgement(block: 1))
                _ = client.receive()
            }
            let fourth = PlainClient(server: server.endpoints[0])
            #expect(code(fourth.fetch("file")) == .undefined)
            clients[0].send(.error(.undefined, message: "enough"))
            let isGone = try await comesTrue { server.counters.active == 2 }
            #expect(isGone)
            #expect(fourth.fetch("file") == .success(pattern(7000)))
        }
        try await withServer(LoaderTree(folder: folder.path), configure: { $0.maximumTransfers = 1 }) { server, _ in
            let first = PlainClient(server: server.endpoints[0])
            first.ask("file")
            _ = first.receive()
            first.send(.acknowledgement(block: 1))
            _ = first.receive()
            #expect(code(PlainClient(server: server.endpoints[0]).fetch("file")) == .undefined)
        }
    }

    /// Eight requests of a machine that was reset each time, and of which nothing is heard any more.
    @Test(arguments: [false, true]) func abandonedTransfersOfAClientGiveWayToItsNextOne(begun: Bool) async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(7000))
        // Whatever timer it asked for.
        let options: [TransferOption] = [.init("timeout", "30")]
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            let clients = (0..<8).map { _ in PlainClient(server: server.endpoints[0]) }
            for client in clients {
                client.ask("file", options)
                #expect(client.receive() == .optionAcknowledgement(options))
                guard begun else { continue }
                client.send(.acknowledgement(block: 0))
                #expect(client.receive() == .data(block: 1, bytes: Array(pattern(7000)[..<512])))
            }
            let next = PlainClient(server: server.endpoints[0])
            // Who has answered keeps its place for a second.
            #expect(try await comesTrue { next.fetch("file") == .success(pattern(7000)) })
            let displaced = try await log.first {
                if case .failed(let who, .displaced) = $0 { who.client.port } else { nil }
            }
            #expect(displaced == clients[0].localPort, "the oldest")
            if begun {
                guard case .error? = clients[0].receive() else {
                    Issue.record("the displaced client was not told")
                    return
                }
            } else {
                #expect(clients[0].receive(milliseconds: 100) == nil, "its sender may be forged")
            }
            // The others are where they were.
            clients[7].send(.acknowledgement(block: begun ? 1 : 0))
            let block = begun ? 2 : 1
            let bytes = Array(pattern(7000)[(512 * (block - 1))..<(512 * block)])
            #expect(clients[7].receive() == .data(block: UInt16(block), bytes: bytes))
        }
    }

    /// As many requests as there are places, each of a client that never answers, as whoever forges addresses sends them.
    @Test func forgedRequestsKeepNobodyOut() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(7000))
        try await withServer(LoaderTree(folder: folder.path), addresses: [.any]) { server, log in
            let port = server.endpoints[0].port
            let asked = SocketEndpoint(address: .loopback, port: port)
            let goesOn = PlainClient(server: asked)
            goesOn.ask("file")
            _ = goesOn.receive()
            goesOn.send(.acknowledgement(block: 1))
            _ = goesOn.receive()
            // Eight ports of each of 513 addresses: 4104 requests.
            for round in 0..<8 {
                for host in 0..<513 {
                    let address = IPv4Address(value: 0x7f00_0100 + UInt32(host))
                    let forger = PlainClient(server: asked, localAddress: address)
                    forger.ask("file", [.init("timeout", "30"), .init("tsize", "0")])
                    if host % 64 == 0 { try await Task.sleep(for: .milliseconds(2)) }
                }
                let honest = PlainClient(server: asked, localAddress: IPv4Address(value: 0x7f00_8000 + UInt32(round)))
                honest.ask("file")
                #expect(honest.receive() == .data(block: 1, bytes: Array(pattern(7000)[..<512])))
                honest.send(.error(.undefined, message: "enough"))
            }
            #expect(server.counters.active <= 4096)
            #expect(PlainClient(server: asked).fetch("file") == .success(pattern(7000)))
            // Who goes on keeps his place.
            goesOn.send(.acknowledgement(block: 2))
            var packet = goesOn.receive()
            while case .data(block: 2, _)? = packet { packet = goesOn.receive() }
            #expect(packet == .data(block: 3, bytes: Array(pattern(7000)[1024..<1536])))
            #expect(log.events.count { if case .refused = $0 { true } else { false } } == 0)
        }
    }

    /// Whoever asks chooses which of our addresses he asks, and a host has millions on its loopback.
    @Test func socketsDoNotGrowWithTheAddressesThatAreAsked() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(700))
        try await withServer(LoaderTree(folder: folder.path), addresses: [.any]) { server, _ in
            let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            for host in 0..<300 {
                let asked = SocketEndpoint(
                    address: IPv4Address(value: 0x7f00_0100 + UInt32(host)), port: server.endpoints[0].port)
                let client = PlainClient(server: asked)
                client.sendBytes([0, 1, 0x61, 0x62], to: asked)
                guard case .error? = client.receive(), client.peer.address == asked.address else {
                    Issue.record("no answer from \(asked)")
                    return
                }
                if host % 30 == 0 {
                    #expect(client.fetch("file") == .success(pattern(700)))
                    #expect(client.peer.address == asked.address)
                }
            }
            let after = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            #expect(after - before <= 20)
        }
    }

    @Test func optionsThatNobodyKnowsAreIgnored() async throws {
        let folder = try TemporaryFolder()
        try folder.write("three.bin", pattern(700))
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let long = [TransferOption("blksize", "1024"), .init("vendor_info", String(repeating: "x", count: 129))]
            let many =
                [TransferOption("vendor_model", "A  V1"), .init("vendor_id", "")]
                + (0..<200).map { TransferOption("o\($0)", "") } + [.init("blksize", "1024")]
            for options in [long, many] {
                let client = PlainClient(server: server.endpoints[0])
                client.ask("three.bin", options)
                #expect(client.receive() == .optionAcknowledgement([.init("blksize", "1024")]))
            }
        }
    }

    @Test func fiveHundredTransfersRunAtOnce() async throws {
        let folder = try TemporaryFolder()
        let content = pattern(512 * 9 + 100)
        try folder.write("file", content)
        try await withServer(
            LoaderTree(folder: folder.path),
            configure: { ($0.maximumTransfersPerClient, $0.threads) = (1000, 2) }
        ) { server, log in
            let before = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            let clients = (0..<500).map { _ in PlainClient(server: server.endpoints[0]) }
            for client in clients { client.ask("file") }
            for client in clients { #expect(client.receive() == .data(block: 1, bytes: Array(content[..<512]))) }
            #expect(server.counters.active == 500)
            let during = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
            #expect(during - before < 500 + 70, "descriptors do not grow with the clients")
            for block in 2...10 {
                for client in clients { client.send(.acknowledgement(block: UInt16(block - 1))) }
                let part = Array(content[(512 * (block - 1))..<min(512 * block, content.count)])
                for client in clients { #expect(client.receive() == .data(block: UInt16(block), bytes: part)) }
            }
            for client in clients { client.send(.acknowledgement(block: 10)) }
            #expect(try await comesTrue { server.counters.active == 0 })
            #expect(log.events.count { if case .finished = $0 { true } else { false } } == 500)
        }
    }

    @Test func fileOfMoreThan65535BlocksArrives() async throws {
        let folder = try TemporaryFolder()
        let content = pattern(512 * 66_000 + 17)
        try folder.write("lock-step", content)
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            #expect(PlainClient(server: server.endpoints[0]).fetch("lock-step") == .success(content))
            let small = Array(content[..<(8 * 140_000)])
            try folder.write("windows", small)
            let options: [TransferOption] = [.init("blksize", "8"), .init("windowsize", "32")]
            #expect(PlainClient(server: server.endpoints[0]).fetch("windows", options) == .success(small))
        }
    }

    @Test func fileThatShrinksEndsItsTransferOnly() async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("file", pattern(100_000))
        try folder.write("other", pattern(600))
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file", [.init("blksize", "1024"), .init("windowsize", "8")])
            _ = client.receive()
            #expect(truncate(path, 10) == 0)
            client.send(.acknowledgement(block: 0))
            guard case .error(.undefined, _)? = client.receive() else {
                Issue.record("a shrunken file was not noticed")
                return
            }
            let reason = try await log.first { if case .failed(_, let reason) = $0 { reason } else { nil } }
            #expect(reason == .content(.shortened))
            #expect(PlainClient(server: server.endpoints[0]).fetch("other") == .success(pattern(600)))
        }
    }

    /// What is behind a file's end can't be told from zeros there, within the last page.
    @Test(arguments: [1, 4]) func fileThatShrinksALittleIsNotGivenOutAsWhole(window: Int) async throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("file", pattern(3000))
        try await withServer(LoaderTree(folder: folder.path)) { server, log in
            let client = PlainClient(server: server.endpoints[0])
            client.ask("file", [.init("blksize", "512"), .init("windowsize", "\(window)")])
            _ = client.receive()
            client.send(.acknowledgement(block: 0))
            for _ in 0..<window { _ = client.receive() }
            #expect(truncate(path, 2700) == 0)
            var block = UInt16(window)
            client.send(.acknowledgement(block: block))
            var packet = client.receive()
            while case .data(let number, let bytes)? = packet {
                try #require(bytes.count == 512 && number == block + 1, "the last block came")
                block = number
                client.send(.acknowledgement(block: block))
                packet = client.receive()
            }
            guard case .error(.undefined, _)? = packet else {
                Issue.record("a shrunken file was not noticed")
                return
            }
            let reason = try await log.first { if case .failed(_, let reason) = $0 { reason } else { nil } }
            #expect(reason == .content(.shortened))
        }
    }

    /// Each of them refers to the same memory, which must outlast those of them that end.
    @Test func manyTransfersOfFilesThatAreReplacedAllTheTime() async throws {
        let folder = try TemporaryFolder()
        let contents = [pattern(40_000), pattern(50_000).reversed(), pattern(30_000)].map { Array($0) }
        try folder.write("file", contents[0])
        try await withServer(LoaderTree(folder: folder.path), configure: { $0.maximumTransfersPerClient = 100 }) {
            server, _ in
            for round in 1...30 {
                let clients = (0..<8).map { _ in PlainClient(server: server.endpoints[0]) }
                let options: [TransferOption] =
                    round % 2 == 0 ? [] : [.init("blksize", "1024"), .init("windowsize", "8")]
                for client in clients { client.ask("file", options) }
                try folder.write("new", contents[round % 3])
                #expect(rename(folder.path + "/new", folder.path + "/file") == 0)
                // Half of them leave in the middle.
                for client in clients[..<4] { client.send(.error(.undefined, message: "enough")) }
                let got = clients[7].fetch("file", options)
                #expect((try? got.get()).map { contents.contains($0) } == true)
            }
        }
    }

    @Test func slowTreeHoldsNobodyElse() async throws {
        struct SlowTree: TFTPTree {
            let gate: AsyncStream<Void>

            func open(
                _ name: TFTPFileName, client: SocketEndpoint, server: IPv4Address
            ) async throws -> TFTPContent? {
                if name.path == "slow" { for await _ in gate {} }
                return TFTPContent(Array(name.path.utf8))
            }
        }
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        try await withServer(SlowTree(gate: gate)) { server, log in
            let slow = PlainClient(server: server.endpoints[0])
            slow.ask("slow")
            #expect(PlainClient(server: server.endpoints[0]).fetch("quick") == .success(Array("quick".utf8)))
            // It asks again while its file is being opened, and is answered once.
            slow.ask("slow")
            #expect(PlainClient(server: server.endpoints[0]).fetch("after") == .success(Array("after".utf8)))
            #expect(slow.receive(milliseconds: 0) == nil)
            opener.finish()
            #expect(slow.receive() == .data(block: 1, bytes: Array("slow".utf8)))
            slow.send(.acknowledgement(block: 1))
            let ended: Bool? = try await log.first { event in
                if case .finished(let who, _, _, _) = event, who.name == "slow" { true } else { nil }
            }
            #expect(ended == true)
            #expect(slow.receive(milliseconds: 0) == nil)
            #expect(log.events.count { if case .started = $0 { true } else { false } } == 3)
        }
    }

    @Test func rubbishDoesNotStopTheServer() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(600))
        try await withServer(LoaderTree(folder: folder.path)) { server, _ in
            let sample = TFTPPacket.readRequest(
                TFTPRequest(fileName: Array("file".utf8), options: [.init("blksize", "1468"), .init("tsize", "0")])
            ).encode()
            let client = PlainClient(server: server.endpoints[0])
            var sent = 0
            exerciseDecoder(on: sample, mutations: 1500, seed: 11) { bytes in
                client.sendBytes(Array(bytes), to: server.endpoints[0])
                sent += 1
                if sent % 100 == 0 { usleep(1000) }
            }
            client.sendBytes([UInt8](repeating: 0, count: 9000), to: server.endpoints[0])
            client.sendBytes([], to: server.endpoints[0])
            #expect(PlainClient(server: server.endpoints[0]).fetch("file") == .success(pattern(600)))
        }
    }

    // MARK: Life

    @Test func cancellationClosesEverythingAndTellsTheClients() async throws {
        let folder = try TemporaryFolder()
        try folder.write("file", pattern(6000))
        var client: PlainClient?
        let port = UInt16(try #require(unusedPort(datagrams: true)))
        try await withServer(LoaderTree(folder: folder.path), configure: { $0.port = port }) { server, _ in
            let waiting = PlainClient(server: server.endpoints[0])
            waiting.ask("file")
            _ = waiting.receive()
            client = waiting
        }
        guard case .error? = client?.receive() else {
            Issue.record("the client was not told")
            return
        }
        // Nothing holds the port any longer.
        try await withServer(LoaderTree(folder: folder.path), configure: { $0.port = port }) { server, _ in
            #expect(PlainClient(server: server.endpoints[0]).fetch("file") == .success(pattern(6000)))
        }
    }

    @Test func takenPortIsSaidAtOnce() async throws {
        try await withServer(LoaderTree()) { server, _ in
            var settings = TFTPServer.Settings()
            settings.addresses = [.loopback]
            settings.port = server.endpoints[0].port
            #expect(throws: TFTPServerError.binding(server.endpoints[0], errno: EADDRINUSE)) {
                try TFTPServer(settings: settings, tree: LoaderTree(), logger: .init(label: "test"))
            }
        }
    }
}
