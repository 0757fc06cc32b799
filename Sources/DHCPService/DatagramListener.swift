import CLinux
import DHCP
import Foundation
import Logging
import Netboot
import NetworkTypes

/// What one thread serves by: a port that it holds, or both ports by packets that it sees without holding either.
final class DatagramListener: Sendable {
    enum Way: Sendable {
        case socket(ServicePort)
        case capture(DHCPSettings.Ports, interfaces: Set<String>?)
    }

    /// The port's number, or nil for a capture of both.
    let number: UInt16?
    let way: Way
    let receiver: Int32
    let sender: Int32

    var isCapture: Bool {
        if case .capture = way { true } else { false }
    }

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
        self.number = SocketEndpoint(boundBy: opened)?.port
        (receiver, sender) = (opened, opened)
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
    }

    deinit {
        close(receiver)
        if sender != receiver { close(sender) }
    }

    /// Answers until the event is signalled.
    func run(_ responder: Responder, _ table: InterfaceTable, until stop: StopEvent) throws(DHCPServiceError) {
        var conversation = Conversation(self, responder, try DatagramBatch())
        try conversation.run(table, until: stop)
    }
}

/// What comes in by a listener and goes out by it. All of it is one thread's own.
private struct Conversation: ~Copyable {
    private let listener: DatagramListener
    private let responder: Responder
    private let batch: DatagramBatch
    /// The answer that is being made; one after the other, in one place.
    private var outgoing: [UInt8] = []
    private var tally = DHCPCounters()
    /// Whether the last view of the interfaces lacked something.
    private var isMissing = false

    init(_ listener: DatagramListener, _ responder: Responder, _ batch: consuming DatagramBatch) {
        self.listener = listener
        self.responder = responder
        self.batch = batch
    }

    mutating func run(_ table: InterfaceTable, until stop: StopEvent) throws(DHCPServiceError) {
        var failures = 0
        while stop.wait(for: listener.receiver, milliseconds: -1) {
            let count = batch.receive(from: listener.receiver)
            if count > 0 {
                failures = 0
                let view = table.view(missing: isMissing)
                isMissing = false
                for position in 0..<count { answer(position, view) }
            } else if count < 0, ![Int(EAGAIN), Int(EINTR)].contains(-count) {
                // Interfaces come and go; a socket that is broken stays so.
                failures += 1
                guard failures < 100 else { throw .system(action: "receiving DHCP", code: Int32(clamping: -count)) }
                guard stop.wait(for: -1, milliseconds: 100) else { break }
            }
            flush()
            responder.add(&tally)
        }
    }

    private mutating func answer(_ position: Int, _ view: AddressView) {
        let datagram: ReceivedDatagram
        let port: ServicePort
        switch listener.way {
        case .socket(let own):
            datagram = batch.datagram(position, isPacket: false)
            port = own
        case .capture(let numbers, let interfaces):
            datagram = batch.datagram(position, isPacket: true)
            port = datagram.destination.port == numbers.bootServer ? .bootServer : .dhcp
            // What this host only passes on, as a router, is meant for another.
            guard datagram.isForAll || view.isOwn(datagram.destination.address) else { return }
            if let interfaces {
                guard let interface = view.interfaces[datagram.interface] else {
                    isMissing = true
                    return
                }
                guard interfaces.contains(interface.name) else { return }
            }
        }
        tally.received += 1
        guard let payload = datagram.payload else {
            tally.malformed += 1
            return
        }
        guard let server = view.server(spokenToAt: datagram.destination.address, interface: datagram.interface) else {
            tally.unaddressed += 1
            isMissing = true
            return
        }
        guard
            let to = responder.answer(
                to: payload, on: port, from: datagram.source, server: server, into: &outgoing, tally: &tally)
        else { return }
        queue(to, from: server.address, datagram)
    }

    private mutating func queue(_ to: SocketEndpoint, from server: IPv4Address, _ question: ReceivedDatagram) {
        // A broadcast leaves by the interface that asked, which needs no route; for the rest the routes know best, for a relay
        // may be reached by another way than its message came.
        let interface = to.address == .broadcast ? question.interface : 0
        for isLastTry in [false, true] {
            let isAdded = batch.add(
                outgoing, to: to, from: SocketEndpoint(address: server, port: question.destination.port),
                hasPort: !listener.isCapture, interface: interface)
            if isAdded { return }
            if isLastTry { tally.unsent += 1 } else { flush() }
        }
    }

    private mutating func flush() {
        let (failed, code) = batch.flush(to: listener.sender)
        guard failed > 0 else { return }
        tally.unsent += failed
        responder.logger.debug(
            "DHCP answers not sent",
            metadata: ["dhcp.count": "\(failed)", "dhcp.error": "\(String(cString: strerror(code)))"])
    }
}
