import Bytes

/// Why bytes are not a DHCP message.
public enum DHCPError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Shorter than the fixed part of a message.
    case truncated(TruncationError)
    /// The magic cookie is not there: plain BOOTP, or something else.
    case notDHCP
    /// `hlen` is greater than the 16 bytes of `chaddr`.
    case hardwareLength(UInt8)

    public var description: String {
        switch self {
        case .truncated(let error): "the message is cut off: \(error)"
        case .notDHCP: "the magic cookie 63825363 is missing, so this is not a DHCP message"
        case .hardwareLength(let length): "a hardware address of \(length) bytes does not fit into chaddr, which has 16"
        }
    }
}
