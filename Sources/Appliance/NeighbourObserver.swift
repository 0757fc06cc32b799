import BootTimeline
import Foundation
import NetworkTypes
import Synchronization
import TFTPService

/// Finds out whose address an address is: from the kernel's neighbour table, which knows everybody who speaks to us from the
/// same link, else from what DHCP and the machine itself let be seen.
final class NeighbourObserver: BootObserver {
    private struct Table {
        var owners: [IPv4Address: MACAddress] = [:]
        var read: ContinuousClock.Instant?
    }

    let timeline: BootTimeline
    private let table = Mutex(Table())
    /// A rack that boots asks a thousand times a second, and the table is a text that grows with it.
    private static let lifetime = Duration.seconds(1)

    init(timeline: BootTimeline) { self.timeline = timeline }

    func record(_ event: BootEvent) { timeline.record(event) }

    func learned(_ address: IPv4Address, of mac: MACAddress) { timeline.learned(address, of: mac) }

    func machine(at address: IPv4Address) -> MACAddress? {
        let found = table.withLock { table in
            let now = ContinuousClock.now
            if table.read.map({ now - $0 > Self.lifetime }) ?? true || table.owners[address] == nil {
                table = Table(owners: Self.neighbours(), read: now)
            }
            return table.owners[address]
        }
        return found ?? timeline.machine(at: address)
    }

    /// Reads `/proc/net/arp`, whose columns are address, type, flags, MAC address, mask and device.
    static func neighbours(in path: String = "/proc/net/arp") -> [IPv4Address: MACAddress] {
        guard let text = FileManager.default.contents(atPath: path) else { return [:] }
        var owners: [IPv4Address: MACAddress] = [:]
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n").dropFirst() {
            let columns = line.split(separator: " ", omittingEmptySubsequences: true)
            guard columns.count >= 4, let address = IPv4Address(parsing: columns[0]),
                let mac = MACAddress(parsing: columns[3]), mac.value != 0
            else { continue }
            owners[address] = mac
        }
        return owners
    }
}

extension TFTPEvent {
    /// Puts a transfer on its machine's timeline.
    func record(with observer: any BootObserver) {
        switch self {
        case .finished(let subject, let length, _, _):
            guard let machine = observer.machine(at: subject.client.address) else { return }
            observer.record(
                BootEvent(
                    mac: machine, stage: .loader, detail: "\(subject.name) by TFTP, \(length) bytes",
                    address: subject.client.address))
        case .failed(let subject, let reason):
            guard let machine = observer.machine(at: subject.client.address) else { return }
            observer.record(
                BootEvent(
                    mac: machine, stage: .failed, detail: "\(subject.name) by TFTP: \(reason)",
                    address: subject.client.address))
        case .requested, .started, .declined, .refused: break
        }
    }
}
