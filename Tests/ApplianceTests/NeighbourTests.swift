import Foundation
import NetworkTypes
import Testing

@testable import Appliance

@Suite struct NeighbourTests {
    static let table = """
        IP address       HW type     Flags       HW address            Mask     Device
        10.77.0.12       0x1         0x2         52:54:00:12:34:56     *        eth0
        10.77.0.1        0x1         0x2         52:54:00:00:00:01     *        eth0
        10.77.0.13       0x1         0x0         00:00:00:00:00:00     *        eth0
        10.77.0.14       0x1         0x2         nonsense              *        eth0
        10.77.0.15       0x1
        """

    @Test(arguments: [
        ("10.77.0.12", "52:54:00:12:34:56"), ("10.77.0.1", "52:54:00:00:00:01"), ("10.77.0.13", nil),
        ("10.77.0.14", nil),
        ("10.77.0.15", nil), ("10.77.0.2", nil), ("0.0.0.0", nil),
    ])
    func theTableIsReadByItsColumns(address: String, mac: String?) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("arp-\(UUID())").path
        try Data(Self.table.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let found = NeighbourObserver.neighbours(in: path)[try #require(IPv4Address(parsing: address))]
        #expect(found == mac.flatMap { MACAddress(parsing: $0) })
    }

    @Test func withoutATableNobodyIsKnown() {
        #expect(NeighbourObserver.neighbours(in: "/nonexistent").isEmpty)
    }
}
