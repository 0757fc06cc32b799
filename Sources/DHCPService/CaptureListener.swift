import DHCP
import Foundation
import Logging
import Netboot
import NetworkTypes

/// Serves ports of one interface beside another program that holds them: sees frames, and sends frames whose source port is
/// that of the service.
///
/// `@unchecked Sendable`: it is handed to its thread once, after opening, and no other touches it then.
final class CaptureListener: @unchecked Sendable {
    let interface: String
    let ports: [ServicePort]
    private let numbers: [UInt16: ServicePort]
    private var capture: FrameCapture?

    /// Opens the capture.
    init(interface: String, ports: [ServicePort], numbers: DHCPSettings.Ports) throws(DHCPServiceError) {
        self.interface = interface
        self.ports = ports
        self.numbers = Dictionary(ports.map { (numbers.number(of: $0), $0) }, uniquingKeysWith: { first, _ in first })
        capture = try FrameCapture(interface: interface, ports: self.numbers.keys.sorted())
    }

    private struct Outgoing {
        var answer: Answer
        var from: UInt16
        var destination: MACAddress
        var source: MACAddress
    }

    /// Answers until the event is signalled. An interface that goes away is waited for.
    func run(_ responder: Responder, _ table: InterfaceTable, until stop: StopEvent) {
        repeat {
            do throws(DHCPServiceError) {
                let capture =
                    if let capture { capture } else {
                        try FrameCapture(interface: interface, ports: numbers.keys.sorted())
                    }
                self.capture = capture
                try serve(capture, responder, table, until: stop)
                return
            } catch {
                if capture != nil {
                    responder.logger.warning(
                        "DHCP capture interrupted",
                        metadata: ["dhcp.interface": "\(interface)", "dhcp.error": "\(error)"])
                }
                capture = nil
            }
        } while stop.wait(for: -1, milliseconds: 2000)
    }

    private func serve(
        _ capture: FrameCapture, _ responder: Responder, _ table: InterfaceTable, until stop: StopEvent
    ) throws(DHCPServiceError) {
        var delayed = DelayedAnswers<Outgoing>()
        var tally = DHCPCounters()
        var missing = false
        while stop.wait(for: capture.descriptor, milliseconds: delayed.timeout(at: .now)) {
            for outgoing in delayed.due(at: .now) { send(outgoing, by: capture, &tally, responder) }
            let view = table.view(missing: missing)
            missing = false
            // The stop event is looked at now and then even while frames keep coming.
            for _ in 0..<64 {
                guard let bytes = try capture.next() else { break }
                tally.received += 1
                guard let outgoing = answer(bytes, view, responder, &tally, &missing) else { continue }
                let wait = outgoing.answer.delay
                if wait <= .zero || !delayed.hold(outgoing, until: .now + wait) {
                    send(outgoing, by: capture, &tally, responder)
                }
            }
            responder.add(&tally)
        }
    }

    private func answer(
        _ bytes: [UInt8], _ view: AddressView, _ responder: Responder, _ tally: inout DHCPCounters,
        _ missing: inout Bool
    ) -> Outgoing? {
        let frame: DatagramFrame
        do throws(FrameError) {
            frame = try DatagramFrame(decoding: bytes[...])
        } catch {
            tally.malformed += 1
            responder.logger.debug(
                "unreadable frame", metadata: ["dhcp.interface": "\(interface)", "dhcp.error": "\(error)"])
            return nil
        }
        guard let port = numbers[frame.destination.port],
            let own = view.interfaces.values.first(where: { $0.name == interface }), let source = own.mac,
            let server = view.server(spokenToAt: frame.destination.address, interface: own.index)
        else {
            tally.unaddressed += 1
            missing = true
            return nil
        }
        guard
            let answer = responder.answer(
                to: frame.payload, on: port, from: frame.source, server: server, tally: &tally)
        else { return nil }
        // Whoever handed us the frame, client, relay or router, takes the answer back.
        let isBroadcast = answer.destination.address == .broadcast
        return Outgoing(
            answer: answer, from: frame.destination.port,
            destination: isBroadcast ? DatagramFrame.broadcastMAC : frame.sourceMAC, source: source)
    }

    private func send(
        _ outgoing: Outgoing, by capture: FrameCapture, _ tally: inout DHCPCounters, _ responder: Responder
    ) {
        let frame = DatagramFrame(
            destinationMAC: outgoing.destination, sourceMAC: outgoing.source,
            source: SocketEndpoint(address: outgoing.answer.server, port: outgoing.from),
            destination: outgoing.answer.destination, payload: outgoing.answer.bytes[...])
        if let bytes = frame.encode(), capture.send(bytes) { return }
        tally.unsent += 1
        responder.logger.debug("DHCP answer not sent", metadata: ["dhcp.interface": "\(interface)"])
    }
}
