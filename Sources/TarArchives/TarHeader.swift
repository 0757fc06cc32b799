import Bytes

/// One 512-byte header block (POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format").
///
///     0    name[100] mode[8] uid[8] gid[8] size[12] mtime[12] checksum[8] typeflag
///     157  linkname[100] magic[6] version[2] uname[32] gname[32] devmajor[8] devminor[8] prefix[155]
struct TarHeader {
    static let blockSize = 512

    var name: [UInt8]
    var mode: UInt32
    var size: UInt64
    var modificationTime: UInt64
    var typeFlag: UInt8
    var linkName: [UInt8]

    /// Reads a block that is not all zeros.
    init(decoding block: ArraySlice<UInt8>, position: UInt64) throws(TarError) {
        guard block.count == Self.blockSize else { throw .truncated }
        let start = block.startIndex
        func field(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
            block[(start + offset)..<(start + offset + length)]
        }
        func number(_ name: String, _ offset: Int, _ length: Int) throws(TarError) -> UInt64 {
            guard let value = Self.number(field(offset, length)) else {
                throw .invalidField(name, position: position)
            }
            return value
        }
        // The checksum counts its own field as spaces. Old writers summed signed bytes.
        var unsigned = 0
        var signed = 0
        for (index, byte) in block.enumerated() {
            let byte = (148..<156).contains(index) ? 0x20 : byte
            unsigned += Int(byte)
            signed += Int(Int8(bitPattern: byte))
        }
        guard let sum = Self.number(field(148, 8)), sum == UInt64(unsigned) || Int64(sum) == Int64(signed) else {
            throw .checksum(position: position)
        }
        mode = UInt32(truncatingIfNeeded: try number("mode", 100, 8)) & 0o7777
        size = try number("size", 124, 12)
        // A time before 1970 or a nonsensical one is of no interest to anybody here.
        modificationTime = Self.number(field(136, 12)) ?? 0
        typeFlag = block[start + 156]
        linkName = Array(field(157, 100).prefix { $0 != 0 })
        name = Array(field(0, 100).prefix { $0 != 0 })
        // GNU's magic is "ustar  ", and its archives have other things where ustar has the prefix.
        if field(257, 6).elementsEqual("ustar\0".utf8) {
            let prefix = field(345, 155).prefix { $0 != 0 }
            if !prefix.isEmpty { name = Array(prefix) + [UInt8(ascii: "/")] + name }
        }
    }

    /// Octal digits between spaces and zeros, or GNU's base-256 with the top bit set; nil for anything else, for negative
    /// numbers and for those over 63 bits.
    static func number(_ field: ArraySlice<UInt8>) -> UInt64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            guard first & 0x40 == 0 else { return nil }
            var value = UInt64(first & 0x3f)
            for byte in field.dropFirst() {
                guard value < 1 << 55 else { return nil }
                value = value << 8 | UInt64(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 || $0 == 0 }.prefix { $0 != 0x20 && $0 != 0 }
        var value: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), value < 1 << 60 else { return nil }
            value = value << 3 | UInt64(digit & 7)
        }
        return value
    }
}
