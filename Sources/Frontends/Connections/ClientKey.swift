import NIOCore
import NetworkTypes
import Workers

/// A client as limits count it: an IPv4 address, also in its mapped IPv6 form, or an IPv6 network of 64 bits, all of which
/// one host can have.
struct ClientKey: Hashable, Sendable {
    private var bits: UInt64

    /// The client as it waits for work.
    var forWork: BlockingWork.Client { BlockingWork.Client(bits) }

    /// The client at an address; all that have none are one.
    init(_ address: SocketAddress?) {
        if let mapped = address?.ipv4 {
            bits = UInt64(mapped.value)
        } else {
            bits = address?.octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } ?? 0
        }
    }
}

extension SocketAddress {
    /// The address' octets in transmission order; none for a socket that has none.
    fileprivate var octets: [UInt8] {
        // As Linux lays them out: family and port, and before an IPv6 address the flow label.
        switch self {
        case .v4(let address): withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address): withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
        case .unixDomainSocket: []
        }
    }

    /// The IPv4 address, also of its mapped IPv6 form (RFC 4291 §2.5.5.2); nil for any other.
    var ipv4: NetworkTypes.IPv4Address? {
        switch self {
        case .v4(let address):
            let bits = withUnsafeBytes(of: address.address) { $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self) }
            return NetworkTypes.IPv4Address(value: UInt32(bigEndian: bits))
        case .v6:
            let octets = octets
            guard octets[..<10].allSatisfy({ $0 == 0 }), octets[10] == 0xFF, octets[11] == 0xFF else { return nil }
            return NetworkTypes.IPv4Address(octets: octets[12...])
        case .unixDomainSocket: return nil
        }
    }

    /// Address and port as a URL's authority has them (RFC 3986 §3.2.2); nil for a socket that has none.
    var authority: String? {
        guard let port, let host = ipv4?.description ?? ipAddress.map({ "[\($0)]" }) else { return nil }
        return port == 80 ? host : "\(host):\(port)"
    }
}
