import CaptureTesting
import CodecTesting
import DHCP
import NetworkTypes
import Testing

@Suite struct DatagramFrameTests {
    @Test func capturedFramesAreEncodedAlike() throws {
        for captured in try CapturedMessage.all() {
            let encoded = try #require(captured.frame.encode())
            #expect(try DatagramFrame(decoding: encoded[...]) == captured.frame)
            #expect(encoded[..<14] == captured.frameBytes[..<14])
            // Addresses, and the UDP header with its checksum; a sum of zero, or one left to the network card, differs.
            #expect(encoded[26..<40] == captured.frameBytes[26..<40], "\(captured)")
        }
    }

    @Test func aWrongSumIsRefusedAndAnUnfinishedOneIsNot() throws {
        let captured = try #require(CapturedMessage.fromClients().first)
        var frame = try #require(captured.frame.encode())
        frame[60] ^= 1
        #expect(throws: FrameError.badUDPChecksum) { try DatagramFrame(decoding: frame[...]) }
        frame[60] ^= 1
        frame[22] ^= 1
        #expect(throws: FrameError.badIPv4Checksum) { try DatagramFrame(decoding: frame[...]) }
        frame[22] ^= 1
        (frame[40], frame[41]) = (0, 0)
        #expect(try DatagramFrame(decoding: frame[...]) == captured.frame)
        var sum: UInt32 = 17 + UInt32(frame[38]) << 8 + UInt32(frame[39])
        for index in stride(from: 26, to: 34, by: 2) { sum += UInt32(frame[index]) << 8 + UInt32(frame[index + 1]) }
        sum = sum & 0xffff + sum >> 16
        (frame[40], frame[41]) = (UInt8(sum >> 8 & 255), UInt8(sum & 255))
        #expect(try DatagramFrame(decoding: frame[...]) == captured.frame)
        frame[20] = 0x20
        frame[24] &-= 0x20
        #expect(throws: FrameError.fragment) { try DatagramFrame(decoding: frame[...]) }
    }

    @Test func hostileFramesNeverTrap() throws {
        let captured = try #require(CapturedMessage.fromClients().first)
        #expect(exerciseDecoder(on: captured.frameBytes) { _ = try DatagramFrame(decoding: $0) } > 0)
    }

    @Test func hostileCapturesNeverTrap() {
        let record: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3]
        let header: [UInt8] =
            [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 12) + [1, 0, 0, 0]
        #expect(exerciseDecoder(on: header + record + record) { _ = try PacketCapture(decoding: $0) } > 0)
        #expect(throws: CaptureError.unknownMagic(0x0a0d_0d0a)) {
            try PacketCapture(decoding: [0x0a, 0x0d, 0x0d, 0x0a, 0, 0])
        }
    }

    @Test func aPayloadTooLongForADatagramIsNotEncoded() {
        let here = SocketEndpoint(address: .loopback, port: 67)
        let frame = DatagramFrame(
            destinationMAC: DatagramFrame.broadcastMAC, sourceMAC: MACAddress(value: 1), source: here,
            destination: here,
            payload: ArraySlice(repeating: 0, count: 65_508))
        #expect(frame.encode() == nil)
    }
}
