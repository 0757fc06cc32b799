import Foundation
import Testing

/// Two network namespaces, joined by two cables: a server's and a client's.
public struct Namespaces: Sendable {
    public let server: String
    public let client: String

    public static let isPossible =
        getuid() == 0
        && ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"].contains { FileManager.default.isExecutableFile(atPath: $0) }

    /// The rig is built beside the tests.
    public static var rig: String {
        let folder = Bundle.main.executableURL?.deletingLastPathComponent() ?? URL(fileURLWithPath: ".")
        return folder.appendingPathComponent("DHCPRig").path
    }

    public init(_ name: String) throws {
        server = "\(name)s\(getpid())"
        client = "\(name)c\(getpid())"
        for namespace in [server, client] {
            try Self.run("ip netns add \(namespace)")
            try Self.run("ip -n \(namespace) link set lo up")
        }
        for (number, network) in [(0, "10.99.0"), (1, "10.98.0")] {
            try Self.run("ip -n \(server) link add s\(number) type veth peer name c\(number) netns \(client)")
            try Self.run("ip -n \(server) address add \(network).1/24 dev s\(number)")
            try Self.run("ip -n \(server) link set s\(number) up")
            try Self.run("ip -n \(client) link set c\(number) up")
        }
    }

    public static func run(_ command: String) throws {
        let lines = try Child(command.split(separator: " ").map(String.init)).finish()
        if !lines.isEmpty { Issue.record("\(command): \(lines.joined(separator: " "))") }
    }

    public func remove() {
        for namespace in [server, client] { try? Self.run("ip netns delete \(namespace)") }
    }

    public func serve(_ arguments: String) throws -> Child {
        try inside(server, [Self.rig, "serve"] + arguments.split(separator: " ").map(String.init))
    }

    public func inside(_ namespace: String, _ command: [String]) throws -> Child {
        try Child(["ip", "netns", "exec", namespace] + command)
    }

    /// Sends a DHCP message from an interface of the client's and gives what comes back.
    ///
    /// - Parameter expected: How many answers there will be. They are waited for as long as it takes, and then a moment more for one
    ///   too many; without any, that moment is all.
    public func ask(
        _ interface: String, _ message: [UInt8], from port: Int = 68, to destination: String = "255.255.255.255",
        _ destinationPort: Int = 67, expecting expected: Int = 1
    ) throws -> [Heard] {
        let digits = message.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let command = [Self.rig, "ask", "\(expected)", interface, "\(port)", destination, "\(destinationPort)", digits]
        let lines = try inside(client, command).finish()
        #expect(lines.allSatisfy { $0.hasPrefix("answer ") }, "\(lines)")
        return lines.filter { $0.hasPrefix("answer ") }.map { line in
            let parts = line.split(separator: " ").map(String.init)
            let digits = Array(parts[3].utf8)
            return Heard(
                from: parts[1], to: parts[2],
                bytes: stride(from: 0, to: digits.count - 1, by: 2).compactMap {
                    UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
                })
        }
    }

    /// An answer as the rig's client prints it.
    public struct Heard: Sendable {
        public let from: String
        public let to: String
        public let bytes: [UInt8]
    }
}
