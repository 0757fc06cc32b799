import CLinux
import DHCP
import Foundation
import Logging
import Netboot
import NetworkTypes

/// Serves by one socket and one thread: a port that it holds, or both ports by packets that it sees without holding either.
///
/// `@unchecked Sendable`: it is handed to its thread once, after opening, and no other touches it then.
final class DatagramListener: @unchecked Sendable {
    private enum Way {
        case socket(ServicePort)
        case capture(DHCPSettings.Ports, interfaces: Set<String>?)
    }

    /// The port's number, or nil for a capture of both.
    let number: UInt16?
    private let way: Way
    private let receiver: Int32
    private let sender: Int32
    private let batch: OpaquePointer
    /// The answer that is being made; one after the other, in one place.
    private var outgoing: [UInt8] = []

    /// Binds a port, on one interface if one is named.
    init(_ port: ServicePort, number: UInt16, interface: String?) throws(DHCPServiceError) {
        let opened = dhcp_open(number, interface)
        guard opened >= 0 else {
            switch -opened {
            case EADDRINUSE: throw .portTaken(port: number, interface: interface)
            case EACCES: throw .mayNotBind(port: number)
            case EPERM: throw .mayNotListenAlone(interface: interface ?? "all interfaces")
            case let code: throw .system(action: "opening UDP port \(number)", code: code)
            }
        }
        way = .socket(port)
        self.number = dhcp_bound_port(opened)
        (receiver, sender) = (opened, opened)
        batch = try Self.makeBatch { close(opened) }
    }

    /// Captures what comes for the ports, by the interfaces of these names or by all, those included that appear later.
    init(capturing ports: DHCPSettings.Ports, on interfaces: Set<String>?) throws(DHCPServiceError) {
        func opened(_ descriptor: Int32) throws(DHCPServiceError) -> Int32 {
            if descriptor >= 0 { return descriptor }
            guard -descriptor != EPERM && -descriptor != EACCES else { throw .mayNotCapture }
            throw .system(action: "opening a packet capture", code: -descriptor)
        }
        let receiver = try opened(dhcp_capture_open(ports.dhcp, ports.bootServer))
        let sender: Int32
        do throws(DHCPServiceError) { sender = try opened(dhcp_sender_open()) } catch {
            close(receiver)
            throw error
        }
        way = .capture(ports, interfaces: interfaces)
        number = nil
        (self.receiver, self.sender) = (receiver, sender)
        batch = try Self.makeBatch {
            close(receiver)
            close(sender)
        }
    }

    private static func makeBatch(orElse giveUp: () -> Void) throws(DHCPServiceError) -> OpaquePointer {
        if let batch = dhcp_batch_create() { return batch }
        giveUp()
        throw .system(action: "making room for datagrams", code: ENOMEM)
    }

    deinit {
        dhcp_batch_destroy(batch)
        close(receiver)
        if sender != receiver { close(sender) }
    }

    /// Answers until the event is signalled.
    func run(_ responder: Responder, _ table: InterfaceTable, until stop: StopEvent) throws(DHCPServiceError) {
        var tally = DHCPCounters()
        var missing = false
        var failures = 0
        while stop.wait(for: receiver, milliseconds: -1) {
            let count = dhcp_receive(batch, receiver)
            if count > 0 {
                failures = 0
                let view = table.view(missing: missing)
                missing = false
                for position in 0..<count { answer(position, view, responder, &tally, &missing) }
            } else if count < 0, -count != EAGAIN, -count != EINTR {
                // Interfaces come and go; a socket that is broken stays so.
                failures += 1
                guard failures < 100 else { throw .system(action: "receiving DHCP", code: -count) }
                guard stop.wait(for: -1, milliseconds: 100) else { break }
            }
            flush(&tally, responder)
            responder.add(&tally)
        }
    }

    private func answer(
        _ position: Int32, _ view: AddressView, _ responder: Responder, _ tally: inout DHCPCounters,
        _ missing: inout Bool
    ) {
        let datagram: dhcp_datagram
        let port: ServicePort
        switch way {
        case .socket(let own):
            datagram = dhcp_received(batch, position)
            port = own
        case .capture(let numbers, let interfaces):
            datagram = dhcp_captured(batch, position)
            port = datagram.destination_port == numbers.bootServer ? .bootServer : .dhcp
            // What this host only passes on, as a router, is meant for another.
            guard datagram.is_for_all != 0 || view.isOwn(IPv4Address(value: datagram.destination)) else { return }
            if let interfaces {
                guard let interface = view.interfaces[datagram.interface] else {
                    missing = true
                    return
                }
                guard interfaces.contains(interface.name) else { return }
            }
        }
        tally.received += 1
        guard datagram.is_unusable == 0, let bytes = datagram.bytes else {
            tally.malformed += 1
            return
        }
        let destination = IPv4Address(value: datagram.destination)
        guard let server = view.server(spokenToAt: destination, interface: datagram.interface) else {
            tally.unaddressed += 1
            missing = true
            return
        }
        let source = SocketEndpoint(address: IPv4Address(value: datagram.source), port: datagram.source_port)
        let payload = UnsafeRawBufferPointer(start: bytes, count: Int(datagram.length))
        guard
            let to = responder.answer(
                to: payload, on: port, from: source, server: server, into: &outgoing, tally: &tally)
        else { return }
        queue(to, from: server.address, datagram, &tally, responder)
    }

    private func queue(
        _ to: SocketEndpoint, from server: IPv4Address, _ question: dhcp_datagram, _ tally: inout DHCPCounters,
        _ responder: Responder
    ) {
        // A broadcast leaves by the interface that asked, which needs no route; for the rest the routes know best, for a relay
        // may be reached by another way than its message came.
        let interface = to.address == .broadcast ? question.interface : 0
        func add() -> Int32 {
            dhcp_queue(
                batch, outgoing, outgoing.count, to.address.value, to.port, server.value, question.destination_port,
                interface)
        }
        if add() != 0 {
            flush(&tally, responder)
            if add() != 0 { tally.unsent += 1 }
        }
    }

    private func flush(_ tally: inout DHCPCounters, _ responder: Responder) {
        var code: Int32 = 0
        let failed = dhcp_flush(batch, sender, &code)
        guard failed > 0 else { return }
        tally.unsent += UInt64(failed)
        responder.logger.debug(
            "DHCP answers not sent",
            metadata: ["dhcp.count": "\(failed)", "dhcp.error": "\(String(cString: strerror(code)))"])
    }
}
