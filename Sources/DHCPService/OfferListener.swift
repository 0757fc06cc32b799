import CLinux
import DHCP
import Foundation
import Logging
import Netboot
import NetworkTypes

/// Listens to what other DHCP servers offer to the machines that were answered here.
///
/// An offer is judged a moment after it came, because the other server may well be faster than this one. Its thread serves
/// nobody, so that a flood of forged offers delays no machine: it takes a few thousand in a second and lets the rest go.
final class OfferListener: Sendable {
    private struct Overheard {
        var advice: [OfferAdvice]
        var machine: MACAddress
        var transaction: UInt32
        var due: ContinuousClock.Instant
    }

    private let descriptor: Int32
    private let port: UInt16
    private let own: Int
    private let serves: @Sendable (String) -> Bool

    /// Opens the capture of what servers say to clients.
    ///
    /// - Parameter own: How many sockets of this service hold the servers' port.
    init(
        _ ports: DHCPSettings.Ports, own: Int, serves: @escaping @Sendable (String) -> Bool
    ) throws(DHCPServiceError) {
        let opened = dhcp_overhear_open(ports.relay, ports.client)
        guard opened >= 0 else {
            guard -opened != EPERM && -opened != EACCES else { throw .mayNotCapture }
            throw .system(action: "opening a packet capture", code: -opened)
        }
        descriptor = opened
        port = ports.relay
        self.own = own
        self.serves = serves
    }

    deinit { close(descriptor) }

    private static let pause = Duration.milliseconds(300)
    private static let mostWaiting = 256

    /// Listens until the event is signalled.
    func run(_ responder: Responder, _ table: InterfaceTable, until stop: StopEvent) throws(DHCPServiceError) {
        let batch = try DatagramBatch()
        var waiting: [Overheard] = []
        var neighbour = PortHolder(port: port, own: own)
        neighbour.look(responder.logger, descriptor)
        while stop.wait(for: descriptor, milliseconds: waiting.isEmpty ? 5000 : 100) {
            neighbour.look(responder.logger, descriptor)
            let count = batch.receive(from: descriptor)
            let now = ContinuousClock.now
            if count > 0 {
                let own = table.view().addresses
                for position in 0..<count {
                    guard let heard = read(batch.datagram(position, isPacket: true), own, now) else { continue }
                    // The last are kept: what a machine does now says more than what a flood said before.
                    if waiting.count >= Self.mostWaiting { waiting.removeFirst() }
                    waiting.append(heard)
                }
            }
            while let first = waiting.first, first.due <= now {
                waiting.removeFirst()
                responder.judge(first.advice, machine: first.machine, transaction: first.transaction, at: now)
            }
            if count == DatagramBatch.capacity || count < 0 && -count != Int(EAGAIN) {
                guard stop.wait(for: -1, milliseconds: 20) else { return }
            }
        }
    }

    private func read(
        _ datagram: ReceivedDatagram, _ own: Set<IPv4Address>, _ now: ContinuousClock.Instant
    ) -> Overheard? {
        guard let payload = datagram.payload, let offer = try? DHCPMessage(decoding: payload),
            // What an acknowledgement says was offered before, and by then the machine may be well on its way.
            offer.messageType == .offer, let machine = offer.macAddress
        else { return nil }
        let advice = OfferAdvice.advice(on: offer, own: own, serves: serves)
        guard !advice.isEmpty else { return nil }
        return Overheard(
            advice: advice, machine: machine, transaction: offer.transactionID, due: now + Self.pause)
    }
}

/// Looks now and then whether another program on this host holds the port of DHCP servers: then its offers are heard too,
/// although they never come in by an interface. Without one nothing that is sent is looked at, which would cost each answer.
struct PortHolder {
    let port: UInt16
    /// How many sockets of this service hold it.
    let own: Int
    private var isHeld = false
    private var looked: ContinuousClock.Instant?

    init(port: UInt16, own: Int) { (self.port, self.own) = (port, own) }

    private static let interval = Duration.seconds(5)

    mutating func look(_ logger: Logger, _ descriptor: Int32) {
        let now = ContinuousClock.now
        if let looked, now - looked < Self.interval { return }
        looked = now
        let held = Self.holders(of: port, in: Self.table()) > own
        guard held != isHeld, dhcp_overhear(descriptor, held ? 1 : 0) == 0 else { return }
        isHeld = held
        if held {
            logger.info("a program on this host holds the port of DHCP servers", metadata: ["dhcp.port": "\(port)"])
        }
    }

    /// How many sockets in a table of UDP sockets have the port. Its columns are a number, then the local address, a colon and the port in
    /// four digits.
    static func holders(of port: UInt16, in table: [UInt8]) -> Int {
        let digits = String(port, radix: 16, uppercase: true)
        let wanted = Array((":" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits).utf8)
        return table.split(separator: UInt8(ascii: "\n")).dropFirst().count { line in
            let columns = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: true)
            return columns.count > 1 && columns[1].suffix(wanted.count).elementsEqual(wanted)
        }
    }

    /// The kernel's table of UDP sockets, as far as it is reasonable to read it every few seconds.
    private static func table() -> [UInt8] {
        guard let file = try? FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/udp")) else { return [] }
        defer { try? file.close() }
        return [UInt8]((try? file.read(upToCount: 1 << 18)) ?? Data())
    }
}
