import Foundation
import TestSupport

/// The site's DHCP server, which gives addresses: no router, no next server, and no boot file unless it is told to.
public struct AddressServer: Sendable {
    /// The program.
    public enum Program: String, Sendable, CaseIterable {
        case dnsmasq
        case kea
        case isc

        /// What it says when it serves.
        var readyText: String {
            switch self {
            case .dnsmasq: "DHCP, IP range"
            case .kea: "DHCP4_STARTED"
            case .isc: "Server starting service"
            }
        }
    }

    /// The program.
    public var program: Program
    /// Whether it is on the appliance's host, where it holds port 67, and not on one of its own.
    public var isBesideTheAppliance: Bool
    /// A boot file that it names to every machine, as a site does that has booted from another server before.
    public var bootFile: String?

    /// An address server.
    public init(_ program: Program, besideTheAppliance: Bool = false, bootFile: String? = nil) {
        self.program = program
        isBesideTheAppliance = besideTheAppliance
        self.bootFile = bootFile
    }

    /// dnsmasq on a host of its own.
    public static let onItsOwnHost = AddressServer(.dnsmasq)
    /// dnsmasq on the appliance's host.
    public static let besideTheAppliance = AddressServer(.dnsmasq, besideTheAppliance: true)

    /// The command that runs it in the foreground.
    func command(folder: String) throws -> [String] {
        switch program {
        case .dnsmasq:
            return try Self.dnsmasq(
                [
                    // It would hold back its first offer for three seconds to ping the address.
                    "--no-ping", "--log-dhcp", "--dhcp-range=10.77.0.100,10.77.0.199,1h", "--dhcp-option=3",
                    "--dhcp-authoritative", "--interface=eth0", "--except-interface=lo",
                ] + (bootFile.map { ["--dhcp-boot=\($0),,\(Lab.siteAddress)"] } ?? []))
        case .kea:
            let boot = bootFile.map { #""next-server": "\#(Lab.siteAddress)", "boot-file-name": "\#($0)","# } ?? ""
            try write(
                """
                {"Dhcp4": {"interfaces-config": {"interfaces": ["eth0"], "dhcp-socket-type": "raw"},
                 "lease-database": {"type": "memfile", "persist": false}, "valid-lifetime": 3600, \(boot)
                 "subnet4": [{"subnet": "10.77.0.0/24", "pools": [{"pool": "10.77.0.100 - 10.77.0.199"}]}],
                 "loggers": [{"name": "kea-dhcp4", "output_options": [{"output": "stdout"}], "severity": "INFO"}]}}

                """, to: "\(folder)/kea.json")
            return [try ExternalProgram("kea-dhcp4", package: "kea-dhcp4-server").path, "-c", "\(folder)/kea.json"]
        case .isc:
            let boot = bootFile.map { "next-server \(Lab.siteAddress); filename \"\($0)\";" } ?? ""
            try write(
                """
                authoritative; default-lease-time 3600; max-lease-time 3600; ping-check false; \(boot)
                subnet 10.77.0.0 netmask 255.255.255.0 { range 10.77.0.100 10.77.0.199; }

                """, to: "\(folder)/dhcpd.conf")
            try write("", to: "\(folder)/leases")
            return [
                try ExternalProgram("dhcpd", package: "isc-dhcp-server").path, "-4", "-f", "-d", "-cf",
                "\(folder)/dhcpd.conf", "-lf", "\(folder)/leases", "-pf", "\(folder)/pid", "eth0",
            ]
        }
    }

    static func dnsmasq(_ arguments: [String]) throws -> [String] {
        let program = try ExternalProgram("dnsmasq", package: "dnsmasq-base")
        return [
            program.path, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--log-facility=-",
            "--user=root", "--pid-file", "--dhcp-leasefile=/dev/null",
        ] + arguments
    }

    private func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
}
