/// What a message is for (option 53, RFC 2132 §9.6).
public struct MessageType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A client looks for servers.
    public static let discover = MessageType(rawValue: 1)
    /// A server's offer.
    public static let offer = MessageType(rawValue: 2)
    /// A client takes an offer, renews, or asks a boot server.
    public static let request = MessageType(rawValue: 3)
    /// The address is in use already.
    public static let decline = MessageType(rawValue: 4)
    /// A server agrees.
    public static let acknowledgement = MessageType(rawValue: 5)
    /// A server refuses.
    public static let refusal = MessageType(rawValue: 6)
    /// A client gives its address back.
    public static let release = MessageType(rawValue: 7)
    /// A client that has an address asks for options.
    public static let inform = MessageType(rawValue: 8)

    public var description: String {
        let names = ["DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"]
        let index = Int(rawValue) - 1
        return names.indices.contains(index) ? names[index] : "message type \(rawValue)"
    }
}
