import Bytes
import NetworkTypes

/// A DHCP message (RFC 2131 §2, RFC 2132).
///
///      0  op  htype  hlen  hops | 4  xid | 8  secs  flags | 12  ciaddr | 16  yiaddr | 20  siaddr | 24  giaddr
///     28  chaddr (16) | 44  sname (64) | 108  file (128) | 236  63 82 53 63 | 240  options … ff, zeros up to 300
///
/// Values are slices of the packet they were decoded from, so that decoding copies nothing.
public struct DHCPMessage: Hashable, Sendable {
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
    /// `chaddr`, all 16 bytes.
    public var clientHardwareAddress: ArraySlice<UInt8>
    /// `sname` up to its first zero; at most 64 bytes are encoded.
    public var serverName: ArraySlice<UInt8>
    /// `file` up to its first zero; at most 128 bytes are encoded.
    public var bootFile: ArraySlice<UInt8>
    /// The options in the order of their first appearance, without pad, end and overload.
    public var options: [DHCPOption]

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
        clientHardwareAddress = ArraySlice(repeating: 0, count: Self.hardwareAddressLength)
        serverName = []
        bootFile = []
        self.options = options
    }

    /// The client's Ethernet address, or nil if its hardware is of another kind.
    public var macAddress: MACAddress? {
        guard hardwareType == 1, hardwareLength == 6, clientHardwareAddress.count >= 6 else { return nil }
        return MACAddress(value: clientHardwareAddress.prefix(6).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The value of an option.
    public subscript(code: OptionCode) -> ArraySlice<UInt8>? {
        for option in options where option.code == code { return option.value }
        return nil
    }

    static let hardwareAddressLength = 16
    static let serverNameLength = 64
    static let bootFileLength = 128
    static let fixedLength = 236
    static let cookie: UInt32 = 0x6382_5363
}
