import Bytes
import NetworkTypes

extension DHCPMessage {
    /// Reads a datagram's payload.
    ///
    /// Firmware is taken as it comes. Options may lack their end mark. One that runs past the end ends them, and those before it
    /// count. An option that came in pieces is joined (RFC 3396), through `file` and `sname` too when option 52 says that they
    /// hold options; one that cannot be longer than a piece, and came twice, counts once.
    public init(decoding bytes: ArraySlice<UInt8>) throws(DHCPError) {
        guard bytes.count >= Self.fixedLength + 4 else {
            throw .truncated(
                TruncationError(
                    field: "fixed part and cookie", position: 0, needed: Self.fixedLength + 4, available: bytes.count))
        }
        let start = bytes.startIndex
        func integer(_ offset: Int) -> UInt32 {
            UInt32(bytes[start + offset]) << 24 | UInt32(bytes[start + offset + 1]) << 16
                | UInt32(bytes[start + offset + 2]) << 8 | UInt32(bytes[start + offset + 3])
        }
        func field(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
            bytes[start + offset..<start + offset + length]
        }
        guard integer(Self.fixedLength) == Self.cookie else { throw .notDHCP }
        operation = Operation(rawValue: bytes[start])
        hardwareType = bytes[start + 1]
        hardwareLength = bytes[start + 2]
        guard hardwareLength <= Self.hardwareAddressLength else { throw .hardwareLength(hardwareLength) }
        hops = bytes[start + 3]
        transactionID = integer(4)
        secondsElapsed = UInt16(truncatingIfNeeded: integer(8) >> 16)
        flags = Flags(rawValue: UInt16(truncatingIfNeeded: integer(8)))
        clientAddress = IPv4Address(value: integer(12))
        yourAddress = IPv4Address(value: integer(16))
        serverAddress = IPv4Address(value: integer(20))
        relayAddress = IPv4Address(value: integer(24))
        clientHardwareAddress = field(28, Self.hardwareAddressLength)
        let sname = field(44, Self.serverNameLength)
        let file = field(108, Self.bootFileLength)
        var found: [DHCPOption] = []
        found.reserveCapacity(16)
        Self.read(bytes[(start + Self.fixedLength + 4)...], into: &found)

        // Bit 0: `file` holds options, bit 1: `sname` does, read in that order (RFC 2131 §4.1, RFC 3396 §5).
        var overload: UInt8 = 0
        if let option = found.first(where: { $0.code == .overload }) {
            overload = option.value.first ?? 0
            if overload & 1 != 0 { Self.read(file, into: &found) }
            if overload & 2 != 0 { Self.read(sname, into: &found) }
            found.removeAll { $0.code == .overload }
        }
        bootFile = overload & 1 != 0 ? [] : file.prefix { $0 != 0 }
        serverName = overload & 2 != 0 ? [] : sname.prefix { $0 != 0 }
        options = found
    }

    private static func read(_ area: ArraySlice<UInt8>, into options: inout [DHCPOption]) {
        var index = area.startIndex
        var seen: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for option in options { _ = mark(option.code.rawValue, in: &seen) }
        while index < area.endIndex {
            let code = OptionCode(rawValue: area[index])
            if code == .end { return }
            index += 1
            if code == .pad { continue }
            guard index < area.endIndex, Int(area[index]) < area.endIndex - index else { return }
            let length = Int(area[index])
            let value = area[index + 1..<index + 1 + length]
            index += 1 + length
            if mark(code.rawValue, in: &seen), let first = options.firstIndex(where: { $0.code == code }) {
                options[first].add(value)
            } else {
                options.append(DHCPOption(code, value))
            }
        }
    }

    /// Marks a code as seen, and says whether it was before: a set of 256 bits, cheaper than a search for each option.
    private static func mark(_ code: UInt8, in seen: inout (UInt64, UInt64, UInt64, UInt64)) -> Bool {
        let bit = UInt64(1) << (code & 63)
        func mark(_ word: inout UInt64) -> Bool {
            defer { word |= bit }
            return word & bit != 0
        }
        switch code >> 6 {
        case 0: return mark(&seen.0)
        case 1: return mark(&seen.1)
        case 2: return mark(&seen.2)
        default: return mark(&seen.3)
        }
    }

    /// How long the encoded message is before padding.
    public var encodedLength: Int {
        options.reduce(Self.fixedLength + 4 + 1) { $0 + $1.value.count + 2 * max(1, ($1.value.count + 254) / 255) }
    }

    /// The message as bytes, its options in their order.
    ///
    /// Values longer than 255 bytes are split over several options (RFC 3396).
    /// - Parameter minimumLength: Zeros follow the end mark up to this length. The default, 300, is BOOTP's least: relays
    ///   and old ROMs drop what is shorter (RFC 1542 §2.1).
    public func encode(minimumLength: Int = 300) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(encodedLength, minimumLength))
        bytes.append(operation.rawValue)
        bytes.append(hardwareType)
        bytes.append(hardwareLength)
        bytes.append(hops)
        Self.append(transactionID, to: &bytes)
        Self.append(UInt32(secondsElapsed) << 16 | UInt32(flags.rawValue), to: &bytes)
        Self.append(clientAddress.value, to: &bytes)
        Self.append(yourAddress.value, to: &bytes)
        Self.append(serverAddress.value, to: &bytes)
        Self.append(relayAddress.value, to: &bytes)
        Self.append(clientHardwareAddress, width: Self.hardwareAddressLength, to: &bytes)
        Self.append(serverName, width: Self.serverNameLength, to: &bytes)
        Self.append(bootFile, width: Self.bootFileLength, to: &bytes)
        Self.append(Self.cookie, to: &bytes)
        for option in options where option.code != .pad && option.code != .end {
            var rest = option.value
            repeat {
                let piece = rest.prefix(255)
                bytes.append(option.code.rawValue)
                bytes.append(UInt8(truncatingIfNeeded: piece.count))
                bytes.append(contentsOf: piece)
                rest = rest.dropFirst(255)
            } while !rest.isEmpty
        }
        bytes.append(OptionCode.end.rawValue)
        if bytes.count < minimumLength {
            bytes.append(contentsOf: repeatElement(0, count: minimumLength - bytes.count))
        }
        return bytes
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 24))
        bytes.append(UInt8(truncatingIfNeeded: value >> 16))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    private static func append(_ field: ArraySlice<UInt8>, width: Int, to bytes: inout [UInt8]) {
        let kept = field.prefix(width)
        bytes.append(contentsOf: kept)
        if kept.count < width { bytes.append(contentsOf: repeatElement(0, count: width - kept.count)) }
    }
}
