import Testing

@testable import DHCPService

/// Who holds a port, by the kernel's table of UDP sockets (proc_pid_net(5)).
@Suite struct PortHolderTests {
    private static let heading =
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n"

    private func line(_ number: Int, _ address: String) -> String {
        "\(number): \(address) 00000000:0043 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 0\n"
    }

    @Test func everySocketOfThePortCounts() {
        let table = Array(
            (Self.heading + line(1, "00000000:0043") + line(2, "0100007F:0035") + line(3, "0100A8C0:0043")
                + line(4, "00000000:0143")).utf8)
        #expect(PortHolder.holders(of: 67, in: table) == 2)
        #expect(PortHolder.holders(of: 53, in: table) == 1)
        // The other side's port is no holder's.
        #expect(PortHolder.holders(of: 68, in: table) == 0)
    }

    @Test func aTableCutShortNamesWhatItStillHolds() {
        let table = Array((Self.heading + line(1, "00000000:0043")).utf8)
        for length in table.indices {
            #expect(PortHolder.holders(of: 67, in: Array(table[..<length])) <= 1)
        }
        #expect(PortHolder.holders(of: 67, in: []) == 0)
    }
}
