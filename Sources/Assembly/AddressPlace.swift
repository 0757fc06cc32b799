import Glibc
import NetworkTypes

/// Where an address is, seen from this host, by what the kernel knows at this moment.
enum AddressPlace: Hashable, Sendable {
    /// It is this host's own: somebody who is logged in, or a program, or what is translated to it.
    case ownHost
    /// On one of this host's own links; with the neighbour that has it, if the kernel has one that answered.
    case link(interface: String, MACAddress?)
    /// Behind a router or a tunnel, where Ethernet addresses are not seen.
    case beyondRouter
    /// Nothing can be sent there.
    case nowhere
}

extension AddressPlace {
    /// Asks the kernel which way leads to an address, and on a link who has it. The work does not grow with the number of
    /// neighbours. It may wait for the kernel's lock on its network settings.
    static func find(_ address: IPv4Address) -> AddressPlace {
        let destination = withUnsafeBytes(of: address.value.bigEndian) { Array($0) }
        // struct rtmsg: family, length of the destination, then nothing more that a question needs.
        let question = [UInt8(AF_INET), 32] + [UInt8](repeating: 0, count: 10)
        guard let route = NetlinkQuestion.ask(.route, question, [(Attribute.destination, destination)]),
            let index = route.attributes[Attribute.interface]?.native(UInt32.self, at: 0),
            let name = interfaceName(index)
        else { return .nowhere }
        switch route.fixed[7] {
        case RouteType.local: return .ownHost
        case RouteType.unicast: break
        default: return .nowhere
        }
        let gateway = route.attributes[Attribute.gateway] ?? route.attributes[Attribute.via]
        if gateway == nil || gateway == destination {
            if let owner = neighbour(destination, on: index) { return .link(interface: name, owner) }
            guard let device = OwnInterface.all().first(where: { $0.name == name }) else { return .nowhere }
            if device.isLoopback { return .ownHost }
            return device.asksForNeighbours ? .link(interface: name, nil) : .beyondRouter
        }
        // Somebody's route may lead elsewhere, but the address belongs on that link.
        let own = OwnInterface.all().first { $0.asksForNeighbours && $0.network?.contains(address) == true }
        return own.map { .link(interface: $0.name, nil) } ?? .beyondRouter
    }

    /// The Ethernet address of the neighbour with an address, if it has answered for it: entries that are being asked for or
    /// that failed have none, and where nobody is asked nobody has answered.
    private static func neighbour(_ address: [UInt8], on interface: UInt32) -> MACAddress? {
        // struct ndmsg: family, padding, interface, and nothing more that a question needs.
        let question =
            [UInt8(AF_INET), 0, 0, 0] + NetlinkQuestion.bytes(of: interface) + [UInt8](repeating: 0, count: 4)
        guard let entry = NetlinkQuestion.ask(.neighbour, question, [(Attribute.neighbourAddress, address)]),
            let state = entry.fixed.native(UInt16.self, at: 8), state & NeighbourState.answered != 0,
            let octets = entry.attributes[Attribute.linkLayerAddress], octets.count == 6
        else { return nil }
        let value = octets.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return value == 0 ? nil : MACAddress(value: value)
    }

    private static func interfaceName(_ index: UInt32) -> String? {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE) + 1)
        guard if_indextoname(index, &name) != nil else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Numbers of linux/rtnetlink.h and linux/neighbour.h.
private enum Attribute {
    static let destination: UInt16 = 1
    static let interface: UInt16 = 4
    static let gateway: UInt16 = 5
    // A gateway of another family.
    static let via: UInt16 = 18
    static let neighbourAddress: UInt16 = 1
    static let linkLayerAddress: UInt16 = 2
}

private enum RouteType {
    static let unicast: UInt8 = 1
    static let local: UInt8 = 2
}

private enum NeighbourState {
    // Reachable, stale, delay, probe, permanent.
    static let answered: UInt16 = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
}

/// One of this host's interfaces.
private struct OwnInterface {
    var name: String
    var network: IPv4Network?
    var flags: UInt32

    var isLoopback: Bool { flags & UInt32(IFF_LOOPBACK) != 0 }

    /// Whether its link has neighbours that are found by ARP: not so in tunnels.
    var asksForNeighbours: Bool {
        flags & UInt32(IFF_NOARP | IFF_POINTOPOINT | IFF_LOOPBACK) == 0
    }

    /// Every interface, once for each of its IPv4 addresses and once more.
    static func all() -> [OwnInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [OwnInterface] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            var network: IPv4Network?
            if let address = value(entry.ifa_addr), let mask = value(entry.ifa_netmask) {
                network = IPv4Network(of: address, mask: mask)
            }
            found.append(OwnInterface(name: String(cString: entry.ifa_name), network: network, flags: entry.ifa_flags))
        }
        return found
    }

    private static func value(_ address: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
        guard let address, address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            IPv4Address(value: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
    }
}
