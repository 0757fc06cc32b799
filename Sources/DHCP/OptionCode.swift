/// The number of a DHCP option. Unknown numbers are kept as they are.
public struct OptionCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A filler byte without a length (RFC 2132 §3.1).
    public static let pad = OptionCode(rawValue: 0)
    /// Router addresses (RFC 2132 §3.5).
    public static let router = OptionCode(rawValue: 3)
    /// Domain name server addresses (RFC 2132 §3.8).
    public static let domainNameServer = OptionCode(rawValue: 6)
    /// The client's name (RFC 2132 §3.14).
    public static let hostName = OptionCode(rawValue: 12)
    /// Boot file size in units of 512 bytes (RFC 2132 §3.15).
    public static let bootFileSize = OptionCode(rawValue: 13)
    /// Vendor-specific information; PXE's own sub-options (RFC 2132 §8.4, PXE 2.1 table 2-1).
    public static let vendorSpecificInformation = OptionCode(rawValue: 43)
    /// The address that the client asks for (RFC 2132 §9.1).
    public static let requestedAddress = OptionCode(rawValue: 50)
    /// Lease time in seconds (RFC 2132 §9.2).
    public static let leaseTime = OptionCode(rawValue: 51)
    /// Says that `sname` or `file` hold options (RFC 2132 §9.3).
    public static let overload = OptionCode(rawValue: 52)
    /// DISCOVER, OFFER and so on (RFC 2132 §9.6).
    public static let messageType = OptionCode(rawValue: 53)
    /// The server's address (RFC 2132 §9.7).
    public static let serverIdentifier = OptionCode(rawValue: 54)
    /// The options that the client wants, one byte each (RFC 2132 §9.8).
    public static let parameterRequestList = OptionCode(rawValue: 55)
    /// The longest datagram that the client takes (RFC 2132 §9.10).
    public static let maximumMessageSize = OptionCode(rawValue: 57)
    /// What kind of client it is: `PXEClient:Arch:00007:UNDI:003000` (RFC 2132 §9.13, PXE 2.1).
    public static let vendorClass = OptionCode(rawValue: 60)
    /// What the client calls itself (RFC 2132 §9.14).
    public static let clientIdentifier = OptionCode(rawValue: 61)
    /// The TFTP server's name or address as text (RFC 2132 §9.4).
    public static let tftpServerName = OptionCode(rawValue: 66)
    /// The boot file's name or URL (RFC 2132 §9.5).
    public static let bootFileName = OptionCode(rawValue: 67)
    /// User classes (RFC 3004); iPXE puts its bare name here.
    public static let userClass = OptionCode(rawValue: 77)
    /// What a relay says of the circuit; a server must echo it (RFC 3046).
    public static let relayAgentInformation = OptionCode(rawValue: 82)
    /// Architectures of the client, a list (RFC 4578 §2.1).
    public static let clientArchitecture = OptionCode(rawValue: 93)
    /// Version of the client's network interface (RFC 4578 §2.2).
    public static let clientNetworkInterface = OptionCode(rawValue: 94)
    /// The machine's UUID (RFC 4578 §2.3).
    public static let clientUUID = OptionCode(rawValue: 97)
    /// iPXE's own sub-options.
    public static let iPXEEncapsulated = OptionCode(rawValue: 175)
    /// The end of the options (RFC 2132 §3.2).
    public static let end = OptionCode(rawValue: 255)

    public var description: String { "option \(rawValue)" }

    /// How values of an option that came more than once belong together.
    enum Repetition {
        /// It has this many bytes, so that more than one piece is a mistake of the sender's; the first of this size counts.
        case once(size: Int)
        /// A short text; the first counts.
        case first
        /// A list of entries of this many bytes, to which further entries are added.
        case list(entry: Int)
        /// Pieces of one long value (RFC 3396).
        case joined
    }

    var repetition: Repetition {
        switch self {
        case .overload, .messageType: .once(size: 1)
        case .maximumMessageSize: .once(size: 2)
        case .clientNetworkInterface: .once(size: 3)
        case .requestedAddress, .leaseTime, .serverIdentifier: .once(size: 4)
        case .clientUUID: .once(size: 17)
        case .vendorClass, .userClass, .clientIdentifier, .hostName: .first
        case .clientArchitecture: .list(entry: 2)
        default: .joined
        }
    }
}

/// One option of a message.
public struct DHCPOption: Hashable, Sendable {
    /// Its number.
    public var code: OptionCode
    /// Its value, joined when it came in several pieces (RFC 3396).
    public var value: ArraySlice<UInt8>

    /// An option with a value of any length.
    public init(_ code: OptionCode, _ value: ArraySlice<UInt8>) {
        self.code = code
        self.value = value
    }

    /// An option with a value of any length.
    public init(_ code: OptionCode, _ value: [UInt8]) { self.init(code, value[...]) }

    /// Takes in what came under the same number again.
    mutating func add(_ more: ArraySlice<UInt8>) {
        switch code.repetition {
        case .once(let size): if value.count != size && more.count == size { value = more }
        case .first: if value.isEmpty { value = more }
        case .list(let entry):
            // Two whole lists are one longer list; a whole one replaces what is none.
            if !value.count.isMultiple(of: entry) {
                if more.count.isMultiple(of: entry) { value = more }
            } else if more.count.isMultiple(of: entry), more != value {
                value += more
            }
        case .joined: value += more
        }
    }
}
