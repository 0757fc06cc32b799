import Foundation
import Testing

/// A DHCP server that gives addresses on the server's first network, as sites run them.
public enum AddressServer: String, CaseIterable, Sendable {
    case dnsmasq, kea, isc

    /// Whether all of them are installed.
    public static let areInstalled = allCases.allSatisfy { FileManager.default.isExecutableFile(atPath: $0.program) }

    var program: String {
        switch self {
        case .dnsmasq: "/usr/sbin/dnsmasq"
        case .kea: "/usr/sbin/kea-dhcp4"
        case .isc: "/usr/sbin/dhcpd"
        }
    }

    private var readiness: String {
        switch self {
        case .dnsmasq: "IP range"
        case .kea: "DHCP4_STARTED"
        case .isc: "Server starting service"
        }
    }

    private var complaints: [String] {
        switch self {
        case .dnsmasq: ["failed to"]
        // Kea starts without a socket when its port is taken, and says so in passing.
        case .kea: ["failed to bind", "DHCPSRV_OPEN_SOCKET_FAIL", "DHCPSRV_NO_SOCKETS_OPEN"]
        case .isc: ["Can't bind", "exiting"]
        }
    }

    /// Starts it in the server's namespace, on s0, and waits until it serves.
    ///
    /// - Parameters:
    ///   - folder: Where its files may lie.
    ///   - bootFile: A boot file that it names to everybody, without being asked.
    public func start(_ names: Namespaces, in folder: String, bootFile: String? = nil) throws -> Child {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            return "\(folder)/\(name)"
        }
        let server: Child
        switch self {
        case .dnsmasq:
            var command =
                "\(program) -k -C /dev/null --port=0 --no-ping --user=root --pid-file --dhcp-leasefile=/dev/null --log-facility=- --log-dhcp --interface=s0 --dhcp-range=10.99.0.50,10.99.0.90"
            if let bootFile { command += " --dhcp-boot=\(bootFile)" }
            server = try names.inside(names.server, command.split(separator: " ").map(String.init))
        case .kea:
            let file = bootFile.map { "\"boot-file-name\": \"\($0)\", " } ?? ""
            let path = try write(
                "kea.json",
                """
                {"Dhcp4": {"interfaces-config": {"interfaces": ["s0"]}, "lease-database": {"type": "memfile", "persist": false},
                \(file)"subnet4": [{"subnet": "10.99.0.0/24", "pools": [{"pool": "10.99.0.50 - 10.99.0.90"}]}],
                "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout", "flush": true}]}]}}
                """)
            server = try names.inside(
                names.server,
                ["env", "KEA_PIDFILE_DIR=\(folder)", "KEA_LOCKFILE_DIR=none", program, "-c", path])
        case .isc:
            let file = bootFile.map { "filename \"\($0)\"; " } ?? ""
            let path = try write(
                "dhcpd.conf",
                "ping-check false; \(file)subnet 10.99.0.0 netmask 255.255.255.0 { range 10.99.0.50 10.99.0.90; }\n")
            let leases = try write("dhcpd.leases", "")
            server = try names.inside(
                names.server,
                [program, "-4", "-f", "-d", "-cf", path, "-lf", leases, "-pf", "\(folder)/dhcpd.pid", "s0"])
        }
        let lines = server.lines(until: readiness)
        #expect(lines.last?.contains(readiness) == true, "\(self) does not start: \(lines)")
        for complaint in complaints {
            #expect(!lines.contains { $0.contains(complaint) }, "\(self) has no port: \(lines)")
        }
        return server
    }
}
