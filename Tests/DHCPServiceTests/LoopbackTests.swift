import CLinux
import DHCP
import DHCPService
import Foundation
import Logging
import Netboot
import NetworkTypes
import Synchronization
import Testing
import Timelines

/// A client's or relay's socket.
private final class Peer: Sendable {
    private let socket = dhcp_open(0, nil)
    private let received = Mutex<[(DHCPMessage, UInt16)]>([])

    deinit { close(socket) }

    var port: UInt16 { SocketEndpoint(boundBy: socket)?.port ?? 0 }

    func send(_ bytes: [UInt8], to port: UInt16) throws {
        let sender = try #require(linux_sender_create())
        defer { linux_sender_free(sender) }
        bytes.withUnsafeBytes { bytes in
            #expect(
                linux_sender_add(
                    sender, IPv4Address.loopback.value, port, 0, 0, bytes.baseAddress, bytes.count, 0))
            #expect(linux_sender_flush(sender, socket) == 0)
        }
    }

    /// The next message and the port it came from; nil when none comes within the time.
    func receive(milliseconds: Int = 180_000) async throws -> (DHCPMessage, UInt16)? {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while true {
            try take()
            let next = received.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if next != nil || ContinuousClock.now >= end { return next }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Takes in what has come.
    private func take() throws {
        let receiver = try #require(linux_receiver_create(2048))
        defer { linux_receiver_free(receiver) }
        for position in 0..<max(0, linux_receive(receiver, socket)) {
            let datagram = linux_received(receiver, position)
            let bytes = Array(UnsafeBufferPointer(start: datagram.bytes, count: Int(datagram.length)))
            let message = try DHCPMessage(decoding: bytes[...])
            received.withLock { $0.append((message, datagram.source_port)) }
        }
    }
}

private struct Rig: Sendable {
    var server: DHCPServer
    var timeline: BootTimeline
    var ports: [ServicePort: UInt16]
}

/// Runs a server on free ports of the loopback around a test.
private func withServer(
    relayPort: UInt16, verdict: @escaping @Sendable (BootClient) -> BootVerdict = { _ in .answer(BootOptions()) },
    _ body: @escaping @Sendable (Rig) async throws -> Void
) async throws {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let timeline = BootTimeline(logger: logger)
    let settings = DHCPSettings(
        listening: .socket, ports: DHCPSettings.Ports(dhcp: 0, bootServer: 0, client: 0, relay: relayPort))
    let server = DHCPServer(
        settings: settings, serves: { Loader.all.contains($0) }, verdict: verdict, observer: timeline, logger: logger)
    let (ready, continuation) = AsyncStream.makeStream(of: [DHCPServer.Listener].self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await server.run { continuation.yield($0) }
            continuation.finish()
        }
        for await listeners in ready {
            let ports = Dictionary(listeners.map { ($0.port, $0.number) }, uniquingKeysWith: { first, _ in first })
            do {
                try await body(Rig(server: server, timeline: timeline, ports: ports))
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        // Cancellation must end the server, or this waits for ever.
        try await group.waitForAll()
    }
}

@Suite(.timeLimit(.minutes(10))) struct LoopbackTests {
    private func relayed() -> [UInt8] { Messages.uefi(.discover) { $0.relayAddress = .loopback }.encode() }

    @Test func aDiscoverIsAnsweredAndToldOf() async throws {
        let peer = Peer()
        try await withServer(relayPort: peer.port) { rig in
            let port = try #require(rig.ports[.dhcp])
            try peer.send(relayed(), to: port)
            let (offer, from) = try #require(await peer.receive())
            #expect(from == port, "answers leave by the port that was asked")
            #expect(offer.messageType == .offer)
            #expect(offer.serverAddress == .loopback && offer.serverIdentifier == .loopback)
            #expect(offer.bootFile.elementsEqual("ipxe.efi".utf8))
            let boot = try #require(rig.timeline.snapshot(of: Messages.mac)?.boots.first)
            #expect(boot.events.map(\.stage) == [.seen, .offered])
            #expect(boot.events.map(\.detail) == ["UEFI PXE, x64", "ipxe.efi"])
        }
    }

    @Test func port4011AnswersWhereItWasAskedFrom() async throws {
        let peer = Peer()
        try await withServer(relayPort: peer.port) { rig in
            let port = try #require(rig.ports[.bootServer])
            let address = IPv4Address(value: 0x7f00_0001)
            try peer.send(Messages.uefi(.request) { $0.clientAddress = address }.encode(), to: port)
            let (answer, from) = try #require(await peer.receive())
            #expect(from == port)
            #expect(answer.messageType == .acknowledgement && answer.clientAddress == address)
            #expect(rig.timeline.machine(at: address) == Messages.mac)
        }
    }

    @Test func aLeaseRequestIsLearnedFromAndNotAnswered() async throws {
        let peer = Peer()
        try await withServer(relayPort: peer.port) { rig in
            let port = try #require(rig.ports[.dhcp])
            let request = Messages.uefi(.request) {
                $0.relayAddress = .loopback
                $0.options.append(DHCPOption(.requestedAddress, [10, 77, 0, 145]))
            }
            try peer.send(request.encode(), to: port)
            // What follows is answered, so the first was read and is not.
            try peer.send(relayed(), to: port)
            #expect(try await peer.receive()?.0.messageType == .offer)
            #expect(try await settled(rig.server) { $0.received == 2 }.answered == 1)
            #expect(rig.timeline.machine(at: IPv4Address(value: 0x0a4d_0091)) == Messages.mac)
        }
    }

    @Test func badPacketsAreCountedAndHarmless() async throws {
        let peer = Peer()
        try await withServer(relayPort: peer.port) { rig in
            let port = try #require(rig.ports[.dhcp])
            let good = relayed()
            let bad: [[UInt8]] = [
                [], [1], Array(good.prefix(239)), [UInt8](repeating: 0xff, count: 2048),
                Messages.uefi(.discover) {
                    $0.options.append(DHCPOption(.bootFileName, [UInt8](repeating: 1, count: 1900)))
                }
                .encode() + [1],
            ]
            for packet in bad { try peer.send(Array(packet.prefix(2048)), to: port) }
            try peer.send(Messages.uefi(.discover) { $0.options.removeLast() }.encode(), to: port)
            try peer.send(good, to: port)
            #expect(try await peer.receive()?.0.messageType == .offer)
            // The counters of a batch are added when it has been answered. The last of the bad ones is cut off behind what counts.
            let counters = try await settled(rig.server) { $0.answered == 2 && $0.received == 7 }
            #expect(counters.malformed == 4)
            #expect(counters.ignored == [.notBooting: 1])
        }
    }

    @Test func anIgnoredMachineIsSeenAndSilent() async throws {
        let peer = Peer()
        try await withServer(relayPort: peer.port, verdict: { _ in .ignore(reason: "unknown machine") }) { rig in
            try peer.send(relayed(), to: try #require(rig.ports[.dhcp]))
            let counters = try await settled(rig.server) { $0.received == 1 }
            #expect(counters.ignored == [.ignored: 1] && counters.answered == 0)
            let event = try #require(rig.timeline.snapshot(of: Messages.mac)?.boots.first?.events.first)
            #expect(event.detail == "UEFI PXE, x64, ignored: unknown machine")
        }
    }

    @Test func aTakenPortIsOneClearSentence() async throws {
        let holder = Peer()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let settings = DHCPSettings(
            listening: .socket, ports: DHCPSettings.Ports(dhcp: holder.port, bootServer: 0))
        let server = DHCPServer(
            settings: settings, serves: { _ in false }, verdict: { _ in .answer(BootOptions()) },
            observer: BootTimeline(logger: logger), logger: logger)
        let error = await #expect(throws: DHCPServiceError.self) { try await server.run() }
        #expect(error == .portTaken(port: holder.port, interface: nil))
        #expect(error?.description.contains("UDP port \(holder.port) is held by another program") == true)
    }

    @Test func anUnknownInterfaceIsNamed() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let settings = DHCPSettings(
            interfaces: [DHCPSettings.Interface("nosuch0")], ports: DHCPSettings.Ports(dhcp: 0, bootServer: 0))
        let server = DHCPServer(
            settings: settings, serves: { _ in false }, verdict: { _ in .answer(BootOptions()) },
            observer: BootTimeline(logger: logger), logger: logger)
        let error = await #expect(throws: DHCPServiceError.self) { try await server.run() }
        guard case .unknownInterface("nosuch0", let known) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(known.contains("lo"))
    }

    private func settled(
        _ server: DHCPServer, _ condition: (DHCPCounters) -> Bool
    ) async throws -> DHCPCounters {
        for _ in 0..<18_000 {
            let counters = server.counters
            if condition(counters) { return counters }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the counters stayed at \(server.counters)")
        return server.counters
    }
}
