import Foundation

/// Why the service cannot start, or ended.
public enum DHCPServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another program holds a port.
    case portTaken(port: UInt16, interface: String?)
    /// The process may not bind a port below 1024.
    case mayNotBind(port: UInt16)
    /// The process may not see or send whole frames.
    case mayNotCapture(interface: String)
    /// There is no interface of this name.
    case unknownInterface(String, known: [String])
    /// An interface has no IPv4 address.
    case noAddress(interface: String)
    /// Capture was wanted on all interfaces, and there is none that could do.
    case nothingToCapture
    /// An interface whose frames are not Ethernet's.
    case notEthernet(interface: String)
    /// A system call failed.
    case system(action: String, code: Int32)
    /// libpcap failed.
    case capture(interface: String, reason: String)

    public var description: String {
        switch self {
        case .portTaken(let port, let interface):
            "UDP port \(port)\(interface.map { " on \($0)" } ?? "") is held by another program, probably a DHCP server; stop it, "
                + "or give --dhcp capture"
        case .mayNotBind(let port):
            "binding UDP port \(port) needs the capability CAP_NET_BIND_SERVICE; run as root, or add it to "
                + "AmbientCapabilities of the systemd unit"
        case .mayNotCapture(let interface):
            "listening on \(interface) alone or capturing there needs the capability CAP_NET_RAW; run as root, or add it to AmbientCapabilities of "
                + "the systemd unit"
        case .unknownInterface(let name, let known):
            "there is no network interface \"\(name)\"; this host has \(known.joined(separator: ", "))"
        case .noAddress(let interface):
            "the network interface \(interface) has no IPv4 address, so machines could not be told where this host is; give "
                + "it one or leave it out"
        case .nothingToCapture:
            "no Ethernet interface is up and has an IPv4 address, so there is nothing to capture on; bring one up"
        case .notEthernet(let interface):
            "the network interface \(interface) is not Ethernet, so it cannot be captured on; give --dhcp socket"
        case .system(let action, let code): "\(action) failed: \(String(cString: strerror(code)))"
        case .capture(let interface, let reason): "capturing on \(interface) failed: \(reason)"
        }
    }
}
