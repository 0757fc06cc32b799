import Foundation

/// Why the service cannot start, or ended.
public enum DHCPServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another program holds a port.
    case portTaken(port: UInt16, interface: String?)
    /// The process may not bind a port below 1024.
    case mayNotBind(port: UInt16)
    /// The process may not listen on one interface alone.
    case mayNotListenAlone(interface: String)
    /// The process may not capture packets.
    case mayNotCapture
    /// There is no interface of this name.
    case unknownInterface(String, known: [String])
    /// An interface has no IPv4 address.
    case noAddress(interface: String)
    /// A system call failed.
    case system(action: String, code: Int32)

    public var description: String {
        switch self {
        case .portTaken(let port, let interface):
            "UDP port \(port)\(interface.map { " on \($0)" } ?? "") is held by another program, probably a DHCP server; leave out "
                + "--dhcp socket to work beside it, or stop it"
        case .mayNotBind(let port):
            "binding UDP port \(port) needs the capability CAP_NET_BIND_SERVICE; run as root, or add it to "
                + "AmbientCapabilities of the systemd unit"
        case .mayNotListenAlone(let interface):
            "listening on \(interface) alone needs the capability CAP_NET_RAW; run as root, or add it to "
                + "AmbientCapabilities of the systemd unit"
        case .mayNotCapture:
            "seeing DHCP without taking its port from another server needs the capability CAP_NET_RAW; run as root, add it to "
                + "AmbientCapabilities of the systemd unit, or give --dhcp socket where no other DHCP server runs on this host"
        case .unknownInterface(let name, let known):
            "there is no network interface \"\(name)\"; this host has \(known.joined(separator: ", "))"
        case .noAddress(let interface):
            "the network interface \(interface) has no IPv4 address, so machines could not be told where this host is; give "
                + "it one or leave it out"
        case .system(let action, let code): "\(action) failed: \(String(cString: strerror(code)))"
        }
    }
}
