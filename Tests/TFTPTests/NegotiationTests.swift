import TFTP
import Testing

@Suite struct NegotiationTests {
    static let table: [(asked: [TransferOption], accepted: [TransferOption], block: Int, window: Int, timeout: Int?)] =
        [
            ([], [], 512, 1, nil),
            // EDK2, iPXE and U-Boot, as captured.
            (
                [.init("tsize", "0"), .init("blksize", "1468"), .init("windowsize", "4")],
                [.init("tsize", "1000"), .init("blksize", "1468"), .init("windowsize", "4")], 1468, 4, nil
            ),
            (
                [.init("blksize", "1432"), .init("tsize", "0")], [.init("blksize", "1432"), .init("tsize", "1000")],
                1432, 1, nil
            ),
            (
                [.init("timeout", "5"), .init("blksize", "1468")], [.init("timeout", "5"), .init("blksize", "1468")],
                1468, 1, 5
            ),
            // Clamped down, never up.
            ([.init("blksize", "65464")], [.init("blksize", "1468")], 1468, 1, nil),
            ([.init("blksize", "99999999999")], [.init("blksize", "1468")], 1468, 1, nil),
            ([.init("blksize", "8")], [.init("blksize", "8")], 8, 1, nil),
            ([.init("windowsize", "65535")], [.init("windowsize", "32")], 512, 32, nil),
            // Out of range or malformed: not taken.
            ([.init("blksize", "7")], [], 512, 1, nil),
            ([.init("blksize", "")], [], 512, 1, nil),
            ([.init("blksize", "-1")], [], 512, 1, nil),
            ([.init("blksize", "1468x")], [], 512, 1, nil),
            ([.init("blksize", "99999999999999999999999")], [], 512, 1, nil),
            ([.init("windowsize", "0")], [], 512, 1, nil),
            ([.init("windowsize", "65536")], [], 512, 1, nil),
            ([.init("timeout", "0")], [], 512, 1, nil),
            // A Kelvin sign, which is a k only for people.
            ([.init("bl\u{212a}size", "1024"), .init("BLKSIZE", "1000")], [.init("BLKSIZE", "1000")], 1000, 1, nil),
            ([.init("vendor", String(repeating: "v", count: 1000)), .init("blksize", "")], [], 512, 1, nil),
            ([.init("timeout", "31")], [], 512, 1, nil),
            ([.init("timeout", "256")], [], 512, 1, nil),
            ([.init("multicast", ""), .init("utimeout", "1000")], [], 512, 1, nil),
            // Names in any case, echoed as written; the first of two counts.
            ([.init("BlkSize", "1024"), .init("blksize", "512")], [.init("BlkSize", "1024")], 1024, 1, nil),
            // A wrong one does not spoil the others.
            ([.init("blksize", "x"), .init("TSIZE", "0")], [.init("TSIZE", "1000")], 512, 1, nil),
        ]

    @Test(arguments: table)
    func optionsAreTaken(
        row: (asked: [TransferOption], accepted: [TransferOption], block: Int, window: Int, timeout: Int?)
    ) {
        let terms = Negotiation(of: row.asked, length: 1000)
        #expect(terms.accepted == row.accepted)
        #expect(terms.blockSize == row.block)
        #expect(terms.windowSize == row.window)
        #expect(terms.timeout == row.timeout)
    }

    @Test func smallerLinkLowersTheBlock() {
        let limits = TransferLimits(maximumBlockSize: 1418, maximumWindowSize: 16)
        let terms = Negotiation(of: [.init("blksize", "1468"), .init("windowsize", "64")], length: 1, limits: limits)
        #expect(terms.blockSize == 1418)
        #expect(terms.windowSize == 16)
    }
}
