import Foundation
import Glibc
import ServerTesting
import Testing

/// The daemon's host, a machine on its link, and a machine beyond a router, as network namespaces:
/// `server` 10.99.0.1 — 10.99.0.2 `near`, which is the router too, 10.1.0.1 — 10.1.0.9 `far`.
final class Rack {
    static let isPossible =
        getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/curl")
        && ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"].contains { FileManager.default.isExecutableFile(atPath: $0) }
    static let address = "10.99.0.1"

    let server: String
    let near: String
    let far: String

    init() throws {
        let mark = UInt32.random(in: 0...UInt32.max)
        server = "slw-s-\(mark)"
        near = "slw-n-\(mark)"
        far = "slw-f-\(mark)"
        try shell(
            """
            set -e
            for name in \(server) \(near) \(far); do ip netns add $name; ip -n $name link set lo up; done
            ip -n \(server) link add s0 type veth peer name n0 netns \(near)
            ip -n \(near) link add n1 type veth peer name f0 netns \(far)
            ip -n \(server) address add \(Self.address)/22 dev s0
            ip -n \(near) address add 10.99.0.2/22 dev n0
            ip -n \(near) address add 10.1.0.1/24 dev n1
            ip -n \(far) address add 10.1.0.9/24 dev f0
            ip -n \(server) link set s0 up; ip -n \(near) link set n0 up; ip -n \(near) link set n1 up
            ip -n \(far) link set f0 up
            ip -n \(far) route add default via 10.1.0.1
            ip -n \(server) route add 10.1.0.0/24 via 10.99.0.2
            ip netns exec \(near) sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
            """)
    }

    deinit { _ = try? shell("for name in \(server) \(near) \(far); do ip netns delete $name; done") }

    /// Runs a shell script as root and gives what it prints.
    @discardableResult
    func shell(_ script: String) throws -> String {
        let program = try Program(command: ["/bin/sh", "-c", script])
        let code = try program.finish()
        try #require(code == 0, "\(script): \(program.errors)")
        return program.output
    }

    /// The Ethernet address of an interface.
    func mac(of interface: String, in namespace: String) throws -> String {
        try shell("ip netns exec \(namespace) cat /sys/class/net/\(interface)/address")
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Serves in the server's namespace, on port 8080 of every address.
    func serve(_ arguments: [String]) throws -> Program {
        let command = ["/bin/ip", "/usr/sbin/ip", "/sbin/ip"].first { FileManager.default.isExecutableFile(atPath: $0) }
        return try Program(
            command: [try #require(command), "netns", "exec", server, Program.path, "serve"] + arguments)
    }

    /// What a GET from a namespace is answered: the status, and the body after it.
    func ask(
        _ path: String, from namespace: String, at address: String = Rack.address, source: String? = nil
    ) throws -> (status: String, body: String) {
        let bound = source.map { "--interface \($0)" } ?? ""
        let text = try shell(
            "ip netns exec \(namespace) curl -s --max-time 120 \(bound) -w '\\n%{http_code}' 'http://\(address):8080\(path)'"
        )
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return (lines.last ?? "", lines.dropLast().joined(separator: "\n"))
    }
}
