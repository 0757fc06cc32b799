import Bytes
import Testing

@Suite struct BytesTests {
    @Test func fieldsComeOutInOrder() throws {
        var reader = ByteReader([1, 2, 3, 4, 5, 6, 7])
        #expect(try reader.byte("a") == 1)
        #expect(try reader.bigEndian("b", as: UInt16.self) == 0x0203)
        #expect(try reader.littleEndian("c", as: UInt16.self) == 0x0504)
        #expect(reader.position == 5)
        #expect(Array(reader.remaining) == [6, 7])
    }

    @Test func aShortFieldIsNamed() {
        var reader = ByteReader([9, 1, 2, 3][1...])
        #expect(throws: TruncationError(field: "xid", position: 0, needed: 4, available: 3)) {
            try reader.bigEndian("xid", as: UInt32.self)
        }
        #expect(reader.remaining.count == 3)
    }

    @Test func aNegativeCountIsAnErrorToo() {
        var reader = ByteReader([1])
        #expect(throws: TruncationError.self) { try reader.bytes("length", count: -1) }
    }

    @Test func whatIsWrittenIsRead() throws {
        var writer = ByteWriter()
        writer.bigEndian(UInt32(0xdead_beef))
        writer.littleEndian(UInt16(0x1234))
        writer.append(7)
        writer.pad(to: 8)
        #expect(writer.bytes == [0xde, 0xad, 0xbe, 0xef, 0x34, 0x12, 7, 0])
    }

    @Test(arguments: [(0, 4, 0), (1, 4, 3), (4, 4, 0), (511, 512, 1)])
    func padding(length: Int, alignment: Int, expected: Int) { #expect(length.padding(to: alignment) == expected) }

    @Test func hexadecimal() {
        #expect([UInt8](hexadecimal: "00fFa1") == [0, 255, 161])
        #expect([UInt8]([0, 255, 161]).hexadecimal == "00ffa1")
        #expect([UInt8](hexadecimal: "0") == nil)
        #expect([UInt8](hexadecimal: "0g") == nil)
    }
}
