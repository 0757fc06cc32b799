import CodecTesting
import TFTP
import Testing

@Suite struct TFTPPacketTests {
    static let samples: [(TFTPPacket, [UInt8])] = [
        (.readRequest(TFTPRequest(fileName: Array("a".utf8))), [0, 1, 0x61, 0] + Array("octet\0".utf8)),
        (
            .readRequest(
                TFTPRequest(
                    fileName: Array("ipxe.efi".utf8), mode: "octet",
                    options: [.init("tsize", "0"), .init("blksize", "1468"), .init("windowsize", "4")])),
            [0, 1] + Array("ipxe.efi\0octet\0tsize\00\0blksize\01468\0windowsize\04\0".utf8)
        ),
        (
            .writeRequest(TFTPRequest(fileName: Array("x".utf8), mode: "netascii")),
            [0, 2] + Array("x\0netascii\0".utf8)
        ),
        (.data(block: 0xffff, bytes: [1, 2, 3]), [0, 3, 0xff, 0xff, 1, 2, 3]),
        (.data(block: 0, bytes: []), [0, 3, 0, 0]),
        (.acknowledgement(block: 258), [0, 4, 1, 2]),
        (.error(.fileNotFound, message: "no"), [0, 5, 0, 1, 0x6e, 0x6f, 0]),
        (.error(.init(rawValue: 99), message: ""), [0, 5, 0, 99, 0]),
        (.optionAcknowledgement([.init("tsize", "17")]), [0, 6] + Array("tsize\017\0".utf8)),
    ]

    @Test(arguments: samples) func packetAndBytesAreTheSame(packet: TFTPPacket, bytes: [UInt8]) throws {
        #expect(packet.encode() == bytes)
        #expect(try TFTPPacket(decoding: bytes[...]) == packet)
    }

    @Test(arguments: samples) func truncationAndMutationNeverTrap(packet: TFTPPacket, bytes: [UInt8]) {
        exerciseDecoder(on: bytes) { input in
            let decoded = try TFTPPacket(decoding: input)
            // What was accepted can be written and read again.
            #expect(try TFTPPacket(decoding: decoded.encode()[...]).encode() == decoded.encode())
        }
    }

    static let faults: [([UInt8], TFTPPacketError)] = [
        ([0, 9], .unknownOpcode(9)),
        ([0, 0, 1], .unknownOpcode(0)),
        ([0, 1, 0x61], .unterminated(field: "file name")),
        ([0, 1, 0x61, 0, 0x62], .unterminated(field: "mode")),
        ([0, 1] + [UInt8](repeating: 0x61, count: 2000), .tooLong(field: "file name", limit: 1024)),
        ([0, 1] + Array("a\0octet\0tsize\0".utf8), .unterminated(field: "value of an option")),
    ]

    @Test(arguments: faults) func faultIsNamed(bytes: [UInt8], error: TFTPPacketError) {
        #expect(throws: error) { try TFTPPacket(decoding: bytes[...]) }
    }

    @Test(arguments: [[], [0], [0, 4], [0, 4, 1], [0, 3, 1], [0, 5, 0]] as [[UInt8]])
    func cutFixedFieldIsTruncated(bytes: [UInt8]) {
        #expect {
            try TFTPPacket(decoding: bytes[...])
        } throws: {
            if case TFTPPacketError.truncated = $0 { true } else { false }
        }
    }

    @Test func paddingAfterTheOptionsIsIgnored() throws {
        let bytes = [0, 1] + Array("a\0octet\0tsize\00\0\0\0\0\0".utf8)
        guard case .readRequest(let request) = try TFTPPacket(decoding: bytes[...]) else {
            Issue.record("not a read request")
            return
        }
        #expect(request.options == [.init("tsize", "0")])
    }

    /// Captured from a client whose vendor writes a description into an option, and one that leaves values empty.
    @Test func optionsOfAnyNumberAndLengthAreRead() throws {
        let long = String(repeating: "x", count: 129)
        let options =
            [TransferOption("blksize", "1024"), .init("vendor_info", long), .init("vendor_model", "")]
            + (0..<300).map { TransferOption("o\($0)", "") } + [.init(long + long, long)]
        let packet = TFTPPacket.readRequest(TFTPRequest(fileName: Array("three.bin".utf8), options: options))
        #expect(try TFTPPacket(decoding: packet.encode()[...]) == packet)
    }

    @Test func dataBeyondTheLargestBlockIsRefused() throws {
        let header: [UInt8] = [0, 3, 0, 1]
        _ = try TFTPPacket(decoding: (header + [UInt8](repeating: 0, count: 65464))[...])
        #expect(throws: TFTPPacketError.tooLong(field: "data", limit: 65464)) {
            try TFTPPacket(decoding: (header + [UInt8](repeating: 0, count: 65465))[...])
        }
    }

    @Test func textCannotSmuggleAZero() {
        #expect(TFTPPacket.error(.undefined, message: "a\0b").encode() == [0, 5, 0, 0, 0x61, 0])
    }
}
