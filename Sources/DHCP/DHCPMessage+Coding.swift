import Bytes
import NetworkTypes

extension DHCPMessage {
    /// Reads a datagram's payload.
    ///
    /// Firmware is taken as it comes. Options may lack their end mark. One that runs past the end ends them, and those before it
    /// count. An option that came in pieces is joined (RFC 3396), through `file` and `sname` too when option 52 says that they
    /// hold options; one that cannot be longer than a piece, and came twice, counts once.
    public init(decoding payload: ArraySlice<UInt8>) throws(DHCPError) {
        try self.init(taking: [UInt8](payload))
    }

    /// Reads a datagram's payload, of which a copy is made.
    public init(decoding payload: UnsafeRawBufferPointer) throws(DHCPError) { try self.init(taking: [UInt8](payload)) }

    private init(taking payload: [UInt8]) throws(DHCPError) {
        guard payload.count >= Self.fixedLength + 4 else {
            throw .truncated(
                TruncationError(
                    field: "fixed part and cookie", position: 0, needed: Self.fixedLength + 4, available: payload.count)
            )
        }
        bytes = payload
        parts = []
        operation = Operation(rawValue: payload[0])
        hardwareType = payload[1]
        hardwareLength = payload[2]
        hops = payload[3]
        transactionID = payload.word(4)
        secondsElapsed = UInt16(truncatingIfNeeded: payload.word(8) >> 16)
        flags = Flags(rawValue: UInt16(truncatingIfNeeded: payload.word(8)))
        clientAddress = IPv4Address(value: payload.word(12))
        yourAddress = IPv4Address(value: payload.word(16))
        serverAddress = IPv4Address(value: payload.word(20))
        relayAddress = IPv4Address(value: payload.word(24))
        hardwareAddress = Part(start: 28, count: UInt32(Self.hardwareAddressLength))
        name = Part(start: 44, count: UInt32(Self.serverNameLength))
        file = Part(start: 108, count: UInt32(Self.bootFileLength))
        guard payload.word(Self.fixedLength) == Self.cookie else { throw .notDHCP }
        guard hardwareLength <= Self.hardwareAddressLength else { throw .hardwareLength(hardwareLength) }
        parts.reserveCapacity(16)
        read(Self.fixedLength + 4..<payload.count)

        // Bit 0: `file` holds options, bit 1: `sname` does, read in that order (RFC 2131 §4.1, RFC 3396 §5).
        var overload: UInt8 = 0
        if let part = part(.overload) {
            overload = part.count > 0 ? bytes[Int(part.start)] : 0
            if overload & 1 != 0 { read(file.range) }
            if overload & 2 != 0 { read(name.range) }
            remove(.overload)
        }
        file = overload & 1 != 0 ? Part() : textual(file)
        name = overload & 2 != 0 ? Part() : textual(name)
    }

    /// A field up to its first zero.
    private func textual(_ field: Part) -> Part {
        let end = bytes[field.range].firstIndex(of: 0) ?? field.range.upperBound
        return Part(start: field.start, count: UInt32(truncatingIfNeeded: end - Int(field.start)))
    }

    private mutating func read(_ area: Range<Int>) {
        var index = area.lowerBound
        var seen = OptionSet256()
        for option in parts { _ = seen.insert(option.code) }
        while index < area.upperBound {
            let code = OptionCode(rawValue: bytes[index])
            if code == .end { return }
            index += 1
            if code == .pad { continue }
            guard index < area.upperBound, Int(bytes[index]) < area.upperBound - index else { return }
            let value = Part(
                start: UInt32(truncatingIfNeeded: index + 1), count: UInt32(truncatingIfNeeded: bytes[index]))
            index += 1 + Int(value.count)
            if !seen.insert(code), let first = parts.firstIndex(where: { $0.code == code }) {
                parts[first].part = join(parts[first].part, value, code)
            } else {
                parts.append(OptionPart(code: code, part: value))
            }
        }
    }

    /// What an option is that came twice under one number.
    private mutating func join(_ first: Part, _ more: Part, _ code: OptionCode) -> Part {
        switch code.repetition {
        case .once(let size): return Int(first.count) != size && Int(more.count) == size ? more : first
        case .first: return first.count == 0 ? more : first
        case .list(let entry):
            // Two whole lists are one longer list; a whole one replaces what is none.
            guard Int(more.count).isMultiple(of: entry), bytes[first.range] != bytes[more.range] else { return first }
            return Int(first.count).isMultiple(of: entry) ? joined(first, more) : more
        case .joined: return joined(first, more)
        }
    }

    /// Two values as one, which stands behind the message, or goes on where the last such value ends.
    private mutating func joined(_ first: Part, _ more: Part) -> Part {
        // Pieces that alternate are copied again each time. A message of such pieces only is nobody's.
        guard bytes.count < Self.mostBytes else { return first }
        var start = first.start
        if first.range.upperBound != bytes.count {
            start = UInt32(truncatingIfNeeded: bytes.count)
            bytes += bytes[first.range]
        }
        bytes += bytes[more.range]
        return Part(start: start, count: first.count + more.count)
    }

    private static let mostBytes = 16_384

    /// How long the encoded message is before padding.
    public var encodedLength: Int {
        var length = Self.fixedLength + 4 + 1
        for option in parts { length += Int(option.part.count) + 2 * max(1, (Int(option.part.count) + 254) / 255) }
        return length
    }

    /// The message as bytes, its options in their order.
    ///
    /// Values longer than 255 bytes are split over several options (RFC 3396).
    /// - Parameter minimumLength: Zeros follow the end mark up to this length. The default, 300, is BOOTP's least: relays
    ///   and old ROMs drop what is shorter (RFC 1542 §2.1).
    public func encode(minimumLength: Int = 300) -> [UInt8] {
        var encoded: [UInt8] = []
        encode(minimumLength: minimumLength, into: &encoded)
        return encoded
    }

    /// Writes the message over what was in a buffer.
    public func encode(minimumLength: Int = 300, into encoded: inout [UInt8]) {
        encoded.removeAll(keepingCapacity: true)
        encoded.reserveCapacity(max(encodedLength, minimumLength))
        encoded.append(operation.rawValue)
        encoded.append(hardwareType)
        encoded.append(hardwareLength)
        encoded.append(hops)
        encoded.append(word: transactionID)
        encoded.append(word: UInt32(secondsElapsed) << 16 | UInt32(flags.rawValue))
        encoded.append(word: clientAddress.value)
        encoded.append(word: yourAddress.value)
        encoded.append(word: serverAddress.value)
        encoded.append(word: relayAddress.value)
        encoded.append(bytes[hardwareAddress.range], width: Self.hardwareAddressLength)
        encoded.append(bytes[name.range], width: Self.serverNameLength)
        encoded.append(bytes[file.range], width: Self.bootFileLength)
        encoded.append(word: Self.cookie)
        for option in parts where option.code != .pad && option.code != .end {
            var rest = option.part.range
            repeat {
                let piece = rest.prefix(255)
                encoded.append(option.code.rawValue)
                encoded.append(UInt8(truncatingIfNeeded: piece.count))
                encoded.append(contentsOf: bytes[piece])
                rest = rest.dropFirst(255)
            } while !rest.isEmpty
        }
        encoded.append(OptionCode.end.rawValue)
        encoded.pad(to: minimumLength)
    }
}

/// A set of option numbers: 256 bits, cheaper than a search for each option.
private struct OptionSet256 {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Adds a number; false if it was there.
    mutating func insert(_ code: OptionCode) -> Bool {
        let bit = UInt64(1) << (code.rawValue & 63)
        func insert(_ word: inout UInt64) -> Bool {
            defer { word |= bit }
            return word & bit == 0
        }
        switch code.rawValue >> 6 {
        case 0: return insert(&words.0)
        case 1: return insert(&words.1)
        case 2: return insert(&words.2)
        default: return insert(&words.3)
        }
    }
}

extension [UInt8] {
    fileprivate func word(_ offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16 | UInt32(self[offset + 2]) << 8
            | UInt32(self[offset + 3])
    }

    fileprivate mutating func append(word: UInt32) {
        append(UInt8(truncatingIfNeeded: word >> 24))
        append(UInt8(truncatingIfNeeded: word >> 16))
        append(UInt8(truncatingIfNeeded: word >> 8))
        append(UInt8(truncatingIfNeeded: word))
    }

    fileprivate mutating func append(_ field: ArraySlice<UInt8>, width: Int) {
        let end = count + width
        append(contentsOf: field.prefix(width))
        pad(to: end)
    }

    fileprivate mutating func pad(to length: Int) {
        if count < length { append(contentsOf: repeatElement(0, count: length - count)) }
    }
}
