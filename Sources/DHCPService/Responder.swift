import DHCP
import Logging
import Netboot
import NetworkTypes
import Synchronization
import Timelines

/// Turns a datagram's payload into an answer. Shared by all listeners; it holds no socket.
final class Responder: Sendable {
    let ports: DHCPSettings.Ports
    let logger: Logger
    /// What other servers do to the machines that are answered here.
    let others = OtherServers()
    private let verdict: @Sendable (BootClient) -> BootVerdict
    private let observer: any BootObserver
    private let counters = Mutex(DHCPCounters())
    private let answered = AnsweredMachines()

    init(
        ports: DHCPSettings.Ports, verdict: @escaping @Sendable (BootClient) -> BootVerdict, observer: any BootObserver,
        logger: Logger
    ) {
        self.ports = ports
        self.verdict = verdict
        self.observer = observer
        self.logger = logger
    }

    var totals: DHCPCounters { counters.withLock { $0 } }

    /// Adds what a listener has counted since last time.
    func add(_ tally: inout DHCPCounters) {
        counters.withLock { $0.add(tally) }
        tally = DHCPCounters()
    }

    /// Writes the answer to a message over what was in a buffer.
    ///
    /// - Returns: Where it goes; nil if there is none.
    func answer(
        to payload: UnsafeRawBufferPointer, on port: ServicePort, from source: SocketEndpoint, server: ServerAddresses,
        into bytes: inout [UInt8], tally: inout DHCPCounters
    ) -> SocketEndpoint? {
        let message: DHCPMessage
        do throws(DHCPError) {
            message = try DHCPMessage(decoding: payload)
        } catch {
            tally.malformed += 1
            logger.debug(
                "unreadable DHCP message",
                metadata: ["dhcp.source": "\(source)", "dhcp.port": "\(port.rawValue)", "dhcp.error": "\(error)"])
            return nil
        }
        learn(from: message, on: port, at: source)
        let decision = NetbootPolicy.decide(message, on: port, from: source, server: server, verdict: verdict)
        logger.debug(
            "DHCP message",
            metadata: [
                "dhcp.source": "\(source)", "dhcp.port": "\(port.rawValue)", "dhcp.decision": "\(decision.reason)",
                "machine.mac": "\(message.macAddress?.description ?? "none")",
            ])
        tell(decision, message, on: port)
        switch decision.outcome {
        case .silence(let silence):
            tally.ignored[silence.label, default: 0] += 1
            return nil
        case .reply(let reply, _):
            tally.answered += 1
            if let client = decision.client, port == .dhcp {
                answered.note(client.mac, transaction: message.transactionID, firmware: client.firmware)
            }
            reply.message.encode(into: &bytes)
            return ports.actual(reply.destination)
        }
    }

    /// Says what another server's offer does to a machine, if it was answered here: on its story, and once for each server in the
    /// log.
    func judge(
        _ advice: [OfferAdvice], machine: MACAddress, transaction: UInt32, at now: ContinuousClock.Instant
    ) {
        guard let firmware = answered.remark(machine, transaction: transaction) else { return }
        for one in advice where one.concerns(firmware) {
            observer.record(BootEvent(mac: machine, stage: .offered, detail: one.description))
            guard others.note(one, at: now) else { continue }
            logger.warning(
                "another server's offer draws machines away",
                metadata: [
                    "dhcp.server": "\(one.server)", "dhcp.advice": "\(one)", "machine.mac": "\(machine)",
                ])
        }
    }

    /// What a REQUEST tells of who has which address: one that confirms a lease has it in option 50, one that renews it or
    /// asks a boot server in ciaddr.
    private func learn(from message: DHCPMessage, on port: ServicePort, at source: SocketEndpoint) {
        guard message.messageType == .request, message.operation == .request, let mac = message.macAddress else {
            return
        }
        if port == .dhcp, let address = message.requestedAddress {
            observer.learned(address, of: mac)
        } else if message.clientAddress != .any {
            observer.learned(message.clientAddress, of: mac)
        }
    }

    private func tell(_ decision: BootDecision, _ message: DHCPMessage, on port: ServicePort) {
        guard let client = decision.client else { return }
        let address = message.clientAddress == .any ? nil : message.clientAddress
        func record(_ stage: BootStage, _ detail: String, startsBoot: Bool = false) {
            observer.record(
                BootEvent(
                    mac: client.mac, stage: stage, detail: detail, address: address, startsBoot: startsBoot,
                    architecture: client.platform.talosName))
        }
        // iPXE may have been loaded a moment ago; all other firmware speaks first of all.
        let isFirst = client.firmware != .iPXE || client.isNICROM
        switch decision.outcome {
        case .reply(_, let file):
            if port == .dhcp { record(.seen, client.summary, startsBoot: isFirst) }
            record(.offered, file.name ?? "TFTP server")
        case .silence(.ignored(let reason)):
            record(.seen, "\(client.summary), ignored: \(reason)", startsBoot: isFirst)
        case .silence(let silence):
            switch silence.label {
            case .unsupported, .loaderMissing, .treeMissing, .replyTooLong:
                record(.seen, client.summary, startsBoot: isFirst)
                record(.failed, silence.description)
            case .notARequest, .notBooting, .notEthernet, .leaseRequest, .otherMessage, .ignored: break
            }
        }
    }
}

extension BootClient.Platform {
    /// The processor's name in Talos; every BIOS that boots Talos is one of 64 bits.
    fileprivate var talosName: String? {
        switch self {
        case .bios, .ia32, .x64: "amd64"
        case .arm64: "arm64"
        case .arm32, .other: nil
        }
    }
}

extension DHCPSettings.Ports {
    /// Where a policy's destination is on this network, whose ports may be a test's.
    func actual(_ destination: SocketEndpoint) -> SocketEndpoint {
        switch destination.port {
        case 67: SocketEndpoint(address: destination.address, port: relay)
        case 68: SocketEndpoint(address: destination.address, port: client)
        default: destination
        }
    }
}
