/// An address and a port on which a server listens, as one setting: "127.0.0.1:2122", "[::1]:2122".
public struct ListenEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// The address or name.
    public let host: Host
    /// The TCP port; 0 takes any that is free.
    public let port: UInt16

    /// An endpoint.
    public init(host: Host, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads "127.0.0.1:2122", "[::1]:2122", or ":2122" for all addresses of IPv4.
    ///
    /// - Throws: ``AddressError``.
    public init(parsing text: String) throws(AddressError) {
        let example = "write an address and a port, as in 127.0.0.1:2122 or [::1]:2122"
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else {
            throw AddressError("it has no port; \(example)")
        }
        let digits = text.utf8[text.utf8.index(after: colon)...]
        guard (1...5).contains(digits.count),
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(Substring(digits))
        else { throw AddressError("it has no port from 0 to 65535 behind its last colon; \(example)") }
        var name = text.utf8[..<colon]
        let isBracketed = name.first == UInt8(ascii: "[") && name.last == UInt8(ascii: "]") && name.count > 2
        if isBracketed { name = name.dropFirst().dropLast() }
        if name.isEmpty {
            self.init(host: .ipv4(.any), port: port)
            return
        }
        guard let host = Host(parsing: Substring(name)) else {
            throw AddressError("there is neither an address nor a host name before its port; \(example)")
        }
        if let obstacle = host.obstacleToListening { throw AddressError("\(obstacle); \(example)") }
        if case .ipv6 = host {
            guard isBracketed else {
                throw AddressError("an IPv6 address stands in brackets before a port; \(example)")
            }
        } else if isBracketed {
            throw AddressError("only an IPv6 address stands in brackets; \(example)")
        }
        self.init(host: host, port: port)
    }

    public var description: String {
        if case .ipv6(let text) = host { "[\(text)]:\(port)" } else { "\(host):\(port)" }
    }
}
