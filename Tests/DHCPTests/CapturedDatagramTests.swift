import CaptureTesting
import CodecTesting
import DHCP
import Foundation
import Glibc
import NetworkTypes
import Testing
import VectorTesting

/// The capture's own reading of packets, held against another one, written for tests, on every frame of real firmware and on what
/// comes of it with bytes changed, missing and added.
@Suite struct CapturedDatagramTests {
    private struct Read: Equatable {
        var source: SocketEndpoint
        var destination: SocketEndpoint
        var payload: [UInt8]
    }

    /// Memory that ends where no page is, so that reading a byte too many ends the test.
    private final class Edge {
        private static let page = 4096
        private let pages: UnsafeMutableRawPointer

        init() throws {
            let pages = mmap(nil, 2 * Self.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            self.pages = try #require(pages != MAP_FAILED ? pages : nil)
            try #require(mprotect(self.pages + Self.page, Self.page, PROT_NONE) == 0)
        }

        deinit { munmap(pages, 2 * Self.page) }

        func parse(_ packet: [UInt8]) -> Read? {
            precondition(packet.count <= Self.page)
            let place = pages + (Self.page - packet.count)
            packet.withUnsafeBytes { if let base = $0.baseAddress { memcpy(place, base, $0.count) } }
            let bytes = UnsafeBufferPointer(start: place.assumingMemoryBound(to: UInt8.self), count: packet.count)
            guard let datagram = CapturedDatagram(packet: bytes.span) else { return nil }
            return Read(
                source: datagram.source, destination: datagram.destination, payload: Array(bytes[datagram.payload]))
        }
    }

    private func expected(_ packet: [UInt8]) -> Read? {
        let header: [UInt8] = [UInt8](repeating: 0, count: 12) + [8, 0]
        guard let frame = try? DatagramFrame(decoding: (header + packet)[...]) else { return nil }
        return Read(source: frame.source, destination: frame.destination, payload: Array(frame.payload))
    }

    @Test func everyPacketIsReadAlike() throws {
        let edge = try Edge()
        var random = SeededGenerator(seed: 67)
        var read = 0
        for file in try VectorFile.captures.members(endingIn: ".pcap") {
            let name = file.lastPathComponent
            let capture = try PacketCapture(decoding: [UInt8](Data(contentsOf: file))[...])
            for frame in capture.packets.prefix(6) {
                let packet = Array(frame.bytes.dropFirst(14))
                #expect(edge.parse(packet) == expected(packet), "\(name)")
                if edge.parse(packet) != nil { read += 1 }
                for length in packet.indices {
                    let part = Array(packet.prefix(length))
                    #expect(edge.parse(part) == expected(part), "\(name), \(length) bytes")
                }
                #expect(edge.parse(packet + [0, 0]) == expected(packet + [0, 0]), "\(name), padded")
                for index in 0..<min(28, packet.count) {
                    for value in [0, 0xff, packet[index] &+ 1, UInt8.random(in: 0...255, using: &random)] {
                        var other = packet
                        other[index] = value
                        #expect(edge.parse(other) == expected(other), "\(name), byte \(index) is \(value)")
                        // With a header's sum that is right again, so that what follows is looked at.
                        guard other.count >= 20 else { continue }
                        (other[10], other[11]) = (0, 0)
                        var sum: UInt32 = 0
                        let header = min(other.count, Int(other[0] & 15) * 4)
                        for at in stride(from: 0, to: header - 1, by: 2) {
                            sum += UInt32(other[at]) << 8 | UInt32(other[at + 1])
                        }
                        while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
                        let rest = ~UInt16(truncatingIfNeeded: sum)
                        (other[10], other[11]) = (UInt8(rest >> 8), UInt8(truncatingIfNeeded: rest))
                        #expect(edge.parse(other) == expected(other), "\(name), byte \(index) is \(value), summed")
                    }
                }
            }
        }
        #expect(read > 100)
    }

    /// The kernel fills in the length and the header's sum of what is sent.
    @Test func whatIsWrittenIsReadAlike() throws {
        let source = SocketEndpoint(address: IPv4Address(value: 0x0a4d_0002), port: 67)
        let destination = SocketEndpoint(address: .broadcast, port: 68)
        for count in [0, 1, 2, 299, 300, 1471, 65_507] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            var packet = try #require(
                DatagramHeaders.bytes(from: source, to: destination, payload: payload))
            #expect(packet.count == DatagramHeaders.size)
            packet += payload
            (packet[2], packet[3]) = (UInt8(packet.count >> 8), UInt8(packet.count & 255))
            var sum: UInt32 = 0
            for at in stride(from: 0, to: 20, by: 2) { sum += UInt32(packet[at]) << 8 | UInt32(packet[at + 1]) }
            while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
            (packet[10], packet[11]) = (UInt8(~sum >> 8 & 255), UInt8(~sum & 255))
            let read = CapturedDatagram(packet: packet.span)
            let datagram = try #require(read)
            #expect(datagram.source == source && datagram.destination == destination)
            #expect(datagram.payload == 28..<packet.count)
            #expect(expected(packet)?.payload == payload)
            // A sum of zero would not have been looked at.
            #expect(packet[26] != 0 || packet[27] != 0)
        }
        let tooLong = [UInt8](repeating: 0, count: 65_508)
        #expect(DatagramHeaders.bytes(from: source, to: destination, payload: tooLong) == nil)
    }
}
