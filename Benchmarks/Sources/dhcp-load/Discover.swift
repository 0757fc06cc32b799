/// The DISCOVER of a PXE client with UEFI on x86-64, as a relay passes it on (RFC 2131 §2, RFC 4578, PXE 2.1 §2.2.1).
struct Discover {
    /// The packet of machine 0.
    let bytes: [UInt8]

    /// Where the transaction number is.
    static let transaction = 4
    /// Where the last four bytes of the MAC address are; the first two, 02:b0, stay.
    static let machine = 30

    private let uuid: Int

    /// A DISCOVER whose answer goes to `relay`.
    init(relay: UInt32) {
        var packet = [UInt8](repeating: 0, count: 240)
        packet[0] = 1
        packet[1] = 1
        packet[2] = 6
        packet[3] = 1
        for position in 0..<4 { packet[24 + position] = UInt8(truncatingIfNeeded: relay >> (24 - 8 * position)) }
        packet[28] = 0x02
        packet[29] = 0xb0
        packet.replaceSubrange(236..<240, with: [0x63, 0x82, 0x53, 0x63])
        func option(_ code: UInt8, _ value: [UInt8]) { packet += [code, UInt8(value.count)] + value }
        option(53, [1])
        option(57, [5, 192])
        option(
            55,
            [1, 2, 3, 4, 5, 6, 12, 13, 15, 17, 18, 22, 23, 28, 40, 41, 42, 43, 50, 51, 54, 58, 59, 60, 66, 67, 97]
                + Array(128...135))
        option(97, [0, 0x4b, 0x5a, 0x3c, 0x11, 0x22, 0x33, 0x44, 0x55, 0x80, 1, 2, 3, 0, 0, 0, 0])
        uuid = packet.count - 4
        option(94, [1, 3, 0])
        option(93, [0, 7])
        option(60, Array("PXEClient:Arch:00007:UNDI:003000".utf8))
        packet.append(255)
        bytes = packet
    }

    /// Turns a copy of the packet into that of machine `number`: transaction, MAC address and UUID are its own.
    func number(_ number: UInt32, in packet: UnsafeMutablePointer<UInt8>) {
        for place in [Self.transaction, Self.machine, uuid] {
            for position in 0..<4 {
                packet[place + position] = UInt8(truncatingIfNeeded: number >> (24 - 8 * position))
            }
        }
    }
}
