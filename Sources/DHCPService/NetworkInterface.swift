import Glibc
import NetworkTypes

/// A network interface of this host.
struct NetworkInterface: Hashable, Sendable {
    var name: String
    var index: UInt32
    var isLoopback: Bool
    var isUp: Bool
    /// Its IPv4 addresses, the primary one first.
    var addresses: [IPv4Address]

    /// All interfaces in the order of their indices.
    static func all() throws(DHCPServiceError) -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { throw .system(action: "reading the network interfaces", code: errno) }
        defer { freeifaddrs(first) }
        var found: [UInt32: NetworkInterface] = [:]
        var next = first
        // One entry for each interface, and one for each of its addresses.
        while let entry = next?.pointee {
            next = entry.ifa_next
            // An alias' label ("eth0:1") is not the interface's name.
            let label = String(cString: entry.ifa_name).utf8
            let name = String(decoding: label.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
            let index = if_nametoindex(name)
            // It may have gone meanwhile.
            guard index != 0 else { continue }
            var interface =
                found[index]
                ?? NetworkInterface(
                    name: name, index: index, isLoopback: entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0,
                    isUp: entry.ifa_flags & UInt32(IFF_UP) != 0, addresses: [])
            if let address = address(entry.ifa_addr) { interface.addresses.append(address) }
            found[index] = interface
        }
        return found.values.sorted { $0.index < $1.index }
    }

    private static func address(_ name: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
        guard let name, name.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        return name.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            IPv4Address(value: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
    }
}
