import Bytes
import NetworkTypes

/// A DHCP message (RFC 2131 §2, RFC 2132).
///
///      0  op  htype  hlen  hops | 4  xid | 8  secs  flags | 12  ciaddr | 16  yiaddr | 20  siaddr | 24  giaddr
///     28  chaddr (16) | 44  sname (64) | 108  file (128) | 236  63 82 53 63 | 240  options … ff, zeros up to 300
///
/// A message holds its bytes once, in one array, and knows where in it each field and option is: a server decodes and makes tens of
/// thousands of messages in a second, and to count references to each value would be most of the work.
public struct DHCPMessage: Sendable {
    /// Who speaks (`op`).
    public struct Operation: RawRepresentable, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// A client's message.
        public static let request = Operation(rawValue: 1)
        /// A server's message.
        public static let reply = Operation(rawValue: 2)
    }

    /// The bits of `flags`.
    public struct Flags: OptionSet, Hashable, Sendable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// The client cannot take unicast before it has an address (RFC 2131 §2).
        public static let broadcast = Flags(rawValue: 0x8000)
    }

    /// Where a field or an option's value is in `bytes`.
    struct Part: Sendable {
        var start: UInt32 = 0
        var count: UInt32 = 0

        var range: Range<Int> { Int(start)..<Int(start) + Int(count) }
    }

    /// An option and where its value is.
    struct OptionPart: Sendable {
        var code: OptionCode
        var part: Part
    }

    /// `op`
    public var operation: Operation
    /// `htype`; 1 is Ethernet.
    public var hardwareType: UInt8
    /// `hlen`, at most 16.
    public var hardwareLength: UInt8
    /// `hops`, counted by relays.
    public var hops: UInt8
    /// `xid`
    public var transactionID: UInt32
    /// `secs`: how long the client has been trying.
    public var secondsElapsed: UInt16
    /// `flags`
    public var flags: Flags
    /// `ciaddr`: the address that the client has and answers on.
    public var clientAddress: IPv4Address
    /// `yiaddr`: the address that the server gives.
    public var yourAddress: IPv4Address
    /// `siaddr`: the server of the next stage.
    public var serverAddress: IPv4Address
    /// `giaddr`: the relay.
    public var relayAddress: IPv4Address

    var bytes: [UInt8]
    var hardwareAddress: Part
    var name: Part
    var file: Part
    var parts: [OptionPart]

    /// A message whose every field is zero but these.
    public init(operation: Operation, transactionID: UInt32, options: [DHCPOption] = []) {
        self.operation = operation
        hardwareType = 1
        hardwareLength = 6
        hops = 0
        self.transactionID = transactionID
        secondsElapsed = 0
        flags = []
        clientAddress = .any
        yourAddress = .any
        serverAddress = .any
        relayAddress = .any
        bytes = []
        // What a server's answer needs, so that it is made without growing.
        bytes.reserveCapacity(options.isEmpty ? 384 : 0)
        parts = []
        parts.reserveCapacity(max(options.count, 10))
        hardwareAddress = Part()
        name = Part()
        file = Part()
        for _ in 0..<Self.hardwareAddressLength { bytes.append(0) }
        hardwareAddress.count = UInt32(Self.hardwareAddressLength)
        if !options.isEmpty { self.options = options }
    }

    /// `chaddr`, all 16 bytes.
    public var clientHardwareAddress: ArraySlice<UInt8> {
        get { bytes[hardwareAddress.range] }
        set { hardwareAddress = add(newValue) }
    }

    /// `sname` up to its first zero; at most 64 bytes are encoded.
    public var serverName: ArraySlice<UInt8> {
        get { bytes[name.range] }
        set { name = add(newValue) }
    }

    /// `file` up to its first zero; at most 128 bytes are encoded.
    public var bootFile: ArraySlice<UInt8> {
        get { bytes[file.range] }
        set { file = add(newValue) }
    }

    /// The options in the order of their first appearance, without pad, end and overload.
    public var options: [DHCPOption] {
        get { parts.map { DHCPOption($0.code, bytes[$0.part.range]) } }
        set {
            parts.removeAll(keepingCapacity: true)
            for option in newValue { append(option.code, option.value) }
        }
    }

    /// The client's Ethernet address, or nil if its hardware is of another kind.
    public var macAddress: MACAddress? {
        guard hardwareType == 1, hardwareLength == 6, hardwareAddress.count >= 6 else { return nil }
        var value: UInt64 = 0
        for index in hardwareAddress.range.prefix(6) { value = value << 8 | UInt64(bytes[index]) }
        return MACAddress(value: value)
    }

    /// The value of an option.
    public subscript(code: OptionCode) -> ArraySlice<UInt8>? { part(code).map { bytes[$0.range] } }

    /// Adds an option behind the others.
    public mutating func append(_ code: OptionCode, _ value: ArraySlice<UInt8>) {
        parts.append(OptionPart(code: code, part: add(value)))
    }

    /// Adds an option behind the others.
    public mutating func append(_ code: OptionCode, _ value: [UInt8]) { append(code, value[...]) }

    /// Adds an option of one byte.
    public mutating func append(_ code: OptionCode, byte: UInt8) {
        bytes.append(byte)
        parts.append(OptionPart(code: code, part: Part(start: UInt32(truncatingIfNeeded: bytes.count - 1), count: 1)))
    }

    /// Adds a text with a zero behind it, which is part of its value.
    public mutating func append(_ code: OptionCode, zeroTerminated text: String) {
        var part = add(text)
        bytes.append(0)
        part.count += 1
        parts.append(OptionPart(code: code, part: part))
    }

    /// Names the file in the header.
    public mutating func setBootFile(_ name: String) { file = add(name) }

    private mutating func add(_ text: String) -> Part {
        let start = bytes.count
        bytes.append(contentsOf: text.utf8)
        return Part(start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: bytes.count - start))
    }

    /// Leaves out an option.
    public mutating func remove(_ code: OptionCode) { parts.removeAll { $0.code == code } }

    func part(_ code: OptionCode) -> Part? {
        for option in parts where option.code == code { return option.part }
        return nil
    }

    /// Puts a value behind what there is. What is replaced stays where it was: messages are short, and so are their lives.
    private mutating func add(_ value: ArraySlice<UInt8>) -> Part {
        let start = bytes.count
        bytes.append(contentsOf: value)
        return Part(start: UInt32(truncatingIfNeeded: start), count: UInt32(truncatingIfNeeded: bytes.count - start))
    }

    static let hardwareAddressLength = 16
    static let serverNameLength = 64
    static let bootFileLength = 128
    static let fixedLength = 236
    static let cookie: UInt32 = 0x6382_5363
}

extension DHCPMessage: Hashable {
    private var numbers: [UInt32] {
        [
            UInt32(operation.rawValue), UInt32(hardwareType), UInt32(hardwareLength), UInt32(hops), transactionID,
            UInt32(secondsElapsed), UInt32(flags.rawValue), clientAddress.value, yourAddress.value, serverAddress.value,
            relayAddress.value,
        ]
    }

    public static func == (left: DHCPMessage, right: DHCPMessage) -> Bool {
        left.numbers == right.numbers && left.clientHardwareAddress == right.clientHardwareAddress
            && left.serverName == right.serverName && left.bootFile == right.bootFile && left.options == right.options
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(numbers)
        hasher.combine(options)
    }
}
