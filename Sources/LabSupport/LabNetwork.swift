import Foundation
import NetworkTypes
import Synchronization
import TestSupport

/// Three network namespaces on one bridge, with no way out: the rack (bridge and machines), the site's address server
/// at 10.77.0.2, and the appliance at 10.77.0.3. Their names hold this process' id, so that labs do not meet.
final class LabNetwork: Sendable {
    /// Where a process of the lab runs.
    enum Place: String, CaseIterable {
        /// The bridge, the machines and the capture.
        case rack
        /// The site's own address server.
        case site
        /// The appliance under test.
        case appliance
    }

    static let siteAddress = IPv4Address(value: 0x0a4d_0002)
    static let applianceAddress = IPv4Address(value: 0x0a4d_0003)

    private static let labs = Atomic<Int>(0)
    private let prefix: String
    private let taps = Atomic<Int>(0)
    private let ip: ExternalProgram

    /// Makes the namespaces.
    init() throws {
        guard geteuid() == 0 else { throw LabError("the lab makes network namespaces: run it as root") }
        ip = try ExternalProgram("ip", package: "iproute2")
        let ethtool = try ExternalProgram("ethtool", package: "ethtool")
        let number = Self.labs.wrappingAdd(1, ordering: .relaxed).oldValue
        prefix = "slipway-\(getpid())-\(number)"
        if number == 0 { try removeAbandoned() }
        do {
            for place in Place.allCases {
                try ip(["netns", "add", name(of: place)])
                for scope in ["all", "default"] {
                    try run(["sysctl", "-qw", "net.ipv6.conf.\(scope).disable_ipv6=1"], in: place)
                }
                try run(["ip", "link", "set", "lo", "up"], in: place)
            }
            try run(["ip", "link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0"], in: .rack)
            try run(["ip", "link", "set", "br0", "up"], in: .rack)
            for (place, address) in [(Place.site, Self.siteAddress), (.appliance, Self.applianceAddress)] {
                let port = "port-\(place.rawValue)"
                try ip([
                    "link", "add", "eth0", "netns", name(of: place), "type", "veth", "peer", "name", port, "netns",
                    name(of: .rack),
                ])
                try run(["ip", "link", "set", port, "master", "br0", "up"], in: .rack)
                try run(["ip", "address", "add", "\(address)/24", "dev", "eth0"], in: place)
                try run(["ip", "link", "set", "eth0", "up"], in: place)
                // A veth leaves checksums to hardware that is not there, and some firmware drops such packets.
                try ip(["netns", "exec", name(of: place), ethtool.path, "-K", "eth0", "tx", "off"])
            }
            for scope in ["all", "eth0"] {
                try run(["sysctl", "-qw", "net.ipv6.conf.\(scope).disable_ipv6=0"], in: .site)
            }
            try run(["ip", "address", "add", "fd77::2/64", "dev", "eth0", "nodad"], in: .site)
        } catch {
            remove()
            throw error
        }
    }

    /// A port of the bridge for a machine, by its interface name in the rack.
    func makeTap() throws -> String {
        let name = "tap\(taps.wrappingAdd(1, ordering: .relaxed).oldValue)"
        try run(["ip", "tuntap", "add", name, "mode", "tap"], in: .rack)
        try run(["ip", "link", "set", name, "master", "br0", "up"], in: .rack)
        return name
    }

    /// The command that runs `arguments` in a place.
    func command(_ arguments: [String], in place: Place) -> [String] {
        [ip.path, "netns", "exec", name(of: place)] + arguments
    }

    /// Runs a program to its end in a place.
    @discardableResult
    func run(_ arguments: [String], in place: Place) throws -> String {
        try ip(["netns", "exec", name(of: place)] + arguments)
    }

    /// Removes the namespaces, and with them every interface; processes in them must have ended.
    func remove() {
        for place in Place.allCases { _ = try? ip(["netns", "delete", name(of: place)]) }
    }

    private func name(of place: Place) -> String { "\(prefix)-\(place.rawValue)" }

    /// Namespaces of labs whose process was killed stay behind: their names tell.
    private func removeAbandoned() throws {
        for line in try ip(["netns", "list"]).split(separator: "\n") {
            let name = line.prefix { $0 != " " }
            let parts = name.split(separator: "-")
            guard parts.count == 4, parts[0] == "slipway", let owner = Int32(parts[1]), owner != getpid(),
                kill(owner, 0) != 0, errno == ESRCH
            else { continue }
            _ = try? ip(["netns", "delete", String(name)])
        }
    }
}
