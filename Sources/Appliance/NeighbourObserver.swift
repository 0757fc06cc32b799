import BootTimeline
import Foundation
import NetworkTypes
import TFTPService

/// Finds out whose address an address is: from the kernel's neighbour table, which knows everybody who speaks to us from the
/// same link, else from what DHCP and the machine itself let be seen.
struct NeighbourObserver: BootObserver {
    let timeline: BootTimeline

    func record(_ event: BootEvent) { timeline.record(event) }

    func learned(_ address: IPv4Address, of mac: MACAddress) { timeline.learned(address, of: mac) }

    func machine(at address: IPv4Address) -> MACAddress? {
        guard let found = Self.neighbour(at: address) else { return timeline.machine(at: address) }
        return found
    }

    /// Looks into `/proc/net/arp`, whose columns are address, type, flags, MAC address, mask and device.
    static func neighbour(at address: IPv4Address, table path: String = "/proc/net/arp") -> MACAddress? {
        guard let table = FileManager.default.contents(atPath: path) else { return nil }
        let wanted = address.description
        for line in String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst() {
            let columns = line.split(separator: " ", omittingEmptySubsequences: true)
            guard columns.count >= 4, columns[0] == wanted, let mac = MACAddress(parsing: columns[3]), mac.value != 0
            else {
                continue
            }
            return mac
        }
        return nil
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
