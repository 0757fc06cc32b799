import NetworkTypes

/// A UDP datagram in an IPv4 packet, as a server sees it that listens beside whoever holds the port (RFC 791, RFC 768).
public struct CapturedDatagram: Hashable, Sendable {
    /// Where it comes from.
    public let source: SocketEndpoint
    /// Where it goes.
    public let destination: SocketEndpoint
    /// Where in the packet its payload lies.
    public let payload: Range<Int>

    /// Reads a packet that begins with its IPv4 header, and checks the sums of both headers; nil for what is damaged, is a
    /// fragment or not UDP.
    ///
    /// A UDP sum of zero means none. A sum that covers only the pseudo header is accepted as well: that is what a neighbour on
    /// the same host leaves for its network device to finish.
    public init?(packet: Span<UInt8>) {
        guard packet.count >= DatagramHeaders.size else { return nil }
        func word(_ place: Int) -> UInt16 { UInt16(packet[place]) << 8 | UInt16(packet[place + 1]) }
        func address(_ place: Int) -> IPv4Address {
            IPv4Address(value: UInt32(word(place)) << 16 | UInt32(word(place + 2)))
        }
        let header = Int(packet[0] & 15) * 4
        // Frames shorter than 60 bytes are padded, so the IPv4 length decides where the datagram ends.
        let total = Int(word(2))
        guard packet[0] >> 4 == 4, header >= DatagramHeaders.ipv4Size, total <= packet.count,
            header + DatagramHeaders.udpSize <= total
        else {
            return nil
        }
        var headerSum = InternetChecksum()
        headerSum.add(packet.extracting(0..<header))
        guard headerSum.folded == 0xffff else { return nil }
        // A boot client's message fits into one packet; fragments have the third bit or an offset.
        guard word(6) & 0x3fff == 0, packet[9] == DatagramHeaders.udpProtocol else { return nil }
        let extent = Int(word(header + 4))
        guard extent >= DatagramHeaders.udpSize, extent <= total - header else { return nil }
        let (from, to) = (address(12), address(16))
        let checksum = word(header + 6)
        if checksum != 0 {
            var sum = InternetChecksum()
            sum.addPseudoHeader(from: from, to: to, length: extent)
            let isUnfinished = checksum == sum.folded
            if !isUnfinished { sum.add(packet.extracting(header..<header + extent)) }
            guard isUnfinished || sum.folded == 0xffff else { return nil }
        }
        source = SocketEndpoint(address: from, port: word(header))
        destination = SocketEndpoint(address: to, port: word(header + 2))
        payload = header + DatagramHeaders.udpSize..<header + extent
    }
}
