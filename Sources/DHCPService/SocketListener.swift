import CLinux
import DHCP
import Foundation
import Logging
import Netboot
import NetworkTypes

/// Serves one port by one socket and one thread.
///
/// `@unchecked Sendable`: it is handed to its thread once, after opening, and no other touches it then.
final class SocketListener: @unchecked Sendable {
    let port: ServicePort
    let number: UInt16
    let interface: String?
    private let descriptor: Int32
    private let batch: OpaquePointer

    /// Binds the port, on one interface if one is named.
    init(_ port: ServicePort, number: UInt16, interface: String?) throws(DHCPServiceError) {
        let opened = dhcp_open(number, interface)
        guard opened >= 0 else {
            switch -opened {
            case EADDRINUSE: throw .portTaken(port: number, interface: interface)
            case EACCES: throw .mayNotBind(port: number)
            case EPERM: throw .mayNotCapture(interface: interface ?? "all interfaces")
            case let code: throw .system(action: "opening UDP port \(number)", code: code)
            }
        }
        guard let batch = dhcp_batch_create() else {
            close(opened)
            throw .system(action: "making room for datagrams", code: ENOMEM)
        }
        self.port = port
        self.number = dhcp_bound_port(opened)
        self.interface = interface
        self.batch = batch
        descriptor = opened
    }

    deinit {
        dhcp_batch_destroy(batch)
        close(descriptor)
    }

    private struct Outgoing {
        var answer: Answer
        var interface: UInt32
    }

    /// Answers until the event is signalled.
    func run(_ responder: Responder, _ table: InterfaceTable, until stop: StopEvent) throws(DHCPServiceError) {
        var delayed = DelayedAnswers<Outgoing>()
        var tally = DHCPCounters()
        var missing = false
        var failures = 0
        while stop.wait(for: descriptor, milliseconds: delayed.timeout(at: .now)) {
            for outgoing in delayed.due(at: .now) { queue(outgoing, &tally, responder) }
            let count = dhcp_receive(batch, descriptor)
            if count > 0 {
                failures = 0
                let view = table.view(missing: missing)
                missing = false
                for position in 0..<count {
                    let datagram = dhcp_received(batch, position)
                    guard let outgoing = answer(datagram, view, responder, &tally, &missing) else { continue }
                    let wait = outgoing.answer.delay
                    if wait <= .zero || !delayed.hold(outgoing, until: .now + wait) {
                        queue(outgoing, &tally, responder)
                    }
                }
            } else if count < 0, -count != EAGAIN, -count != EINTR {
                // Interfaces come and go; a socket that is broken stays so.
                failures += 1
                guard failures < 100 else { throw .system(action: "receiving on UDP port \(number)", code: -count) }
                guard stop.wait(for: -1, milliseconds: 100) else { break }
            }
            flush(&tally, responder)
            responder.add(&tally)
        }
    }

    private func answer(
        _ datagram: dhcp_datagram, _ view: AddressView, _ responder: Responder, _ tally: inout DHCPCounters,
        _ missing: inout Bool
    ) -> Outgoing? {
        tally.received += 1
        guard datagram.is_truncated == 0, let bytes = datagram.bytes else {
            tally.malformed += 1
            return nil
        }
        let destination = IPv4Address(value: datagram.destination)
        guard let server = view.server(spokenToAt: destination, interface: datagram.interface) else {
            tally.unaddressed += 1
            missing = true
            return nil
        }
        let payload = Array(UnsafeBufferPointer(start: bytes, count: Int(datagram.length)))
        let source = SocketEndpoint(address: IPv4Address(value: datagram.source), port: datagram.source_port)
        let answer = responder.answer(to: payload[...], on: port, from: source, server: server, tally: &tally)
        return answer.map { Outgoing(answer: $0, interface: datagram.interface) }
    }

    private func queue(_ outgoing: Outgoing, _ tally: inout DHCPCounters, _ responder: Responder) {
        let answer = outgoing.answer
        // A broadcast leaves by the interface that asked, which needs no route; for the rest the routes know best, for a relay
        // may be reached by another way than its message came.
        let interface = answer.destination.address == .broadcast ? outgoing.interface : 0
        func add() -> Int32 {
            dhcp_queue(
                batch, answer.bytes, answer.bytes.count, answer.destination.address.value, answer.destination.port,
                answer.server.value, interface)
        }
        if add() != 0 {
            flush(&tally, responder)
            if add() != 0 { tally.unsent += 1 }
        }
    }

    private func flush(_ tally: inout DHCPCounters, _ responder: Responder) {
        var code: Int32 = 0
        let failed = dhcp_flush(batch, descriptor, &code)
        guard failed > 0 else { return }
        tally.unsent += UInt64(failed)
        responder.logger.debug(
            "DHCP answers not sent",
            metadata: [
                "dhcp.port": "\(number)", "dhcp.count": "\(failed)", "dhcp.error": "\(String(cString: strerror(code)))",
            ])
    }
}
