import Bytes
import DHCP
import Foundation
import Netboot
import NetworkTypes
import Testing

/// An answer as the rig's client prints it.
private struct Heard {
    var from: String
    var to: String
    var message: DHCPMessage

    static func read(_ lines: [String]) throws -> [Heard] {
        try lines.filter { $0.hasPrefix("answer ") }.map { line in
            let parts = line.split(separator: " ").map(String.init)
            let bytes = try #require([UInt8](hexadecimal: parts[3]))
            return Heard(from: parts[1], to: parts[2], message: try DHCPMessage(decoding: bytes[...]))
        }
    }
}

@Suite(.serialized, .timeLimit(.minutes(2)), .enabled(if: Namespaces.isPossible, "needs root and ip(8)"))
struct NamespaceTests {
    private func ask(
        _ names: Namespaces, _ interface: String, _ message: DHCPMessage, from port: Int = 68,
        to destination: String = "255.255.255.255", _ destinationPort: Int = 67
    ) throws -> [Heard] {
        let command = [
            Namespaces.rig, "ask", interface, "\(port)", destination, "\(destinationPort)",
            message.encode().hexadecimal,
        ]
        let lines = try names.inside(names.client, command).finish()
        #expect(lines.allSatisfy { $0.hasPrefix("answer ") }, "\(lines)")
        return try Heard.read(lines)
    }

    private func request() -> DHCPMessage {
        Messages.uefi(.request) { $0.clientAddress = IPv4Address(value: 0x0a63_004d) }
    }

    @Test func oneSocketAnswersByTheInterfaceThatAsked() throws {
        let names = try Namespaces("dsa")
        defer { names.remove() }
        let server = try names.serve("socket")
        #expect(server.lines(until: "ready") == ["listening 67 all socket", "listening 4011 all socket", "ready"])
        for (interface, address) in [("c0", "10.99.0.1"), ("c1", "10.98.0.1")] {
            let heard = try ask(names, interface, Messages.uefi(.discover))
            #expect(heard.count == 1)
            #expect(heard.first?.from == "\(address):67")
            #expect(heard.first?.to == "255.255.255.255")
            #expect(heard.first?.message.serverAddress.description == address)
            #expect(heard.first?.message[.tftpServerName].map { String(decoding: $0, as: UTF8.self) } == "\(address)\0")
        }
        try Namespaces.run("ip -n \(names.client) address add 10.99.0.77/24 dev c0")
        let heard = try ask(names, "c0", request(), from: 4011, to: "10.99.0.1", 4011)
        #expect(heard.map(\.from) == ["10.99.0.1:4011"])
        #expect(heard.first?.message.messageType == .acknowledgement)
        #expect(server.finish() == ["received 3 answered 3 unsent 0"])
    }

    @Test func onlyNamedInterfacesAreServed() throws {
        let names = try Namespaces("dsb")
        defer { names.remove() }
        let server = try names.serve("automatic s1")
        #expect(server.lines(until: "ready") == ["listening 67 s1 socket", "listening 4011 s1 socket", "ready"])
        #expect(try ask(names, "c0", Messages.uefi(.discover)).isEmpty)
        #expect(try ask(names, "c1", Messages.uefi(.discover)).map(\.from) == ["10.98.0.1:67"])
        #expect(server.finish() == ["received 1 answered 1 unsent 0"])
    }

    @Test(.enabled(if: Namespaces.hasDnsmasq, "needs dnsmasq"), arguments: ["automatic", "automatic s0", "capture s0"])
    func besideAnAddressServerFramesAreCaptured(arguments: String) throws {
        let names = try Namespaces("dsc")
        defer { names.remove() }
        let dnsmasq = try names.inside(
            names.server,
            "dnsmasq -k -C /dev/null --port=0 --no-ping --user=root --pid-file --dhcp-leasefile=/dev/null --log-facility=- --log-dhcp --interface=s0 --dhcp-range=10.99.0.50,10.99.0.90"
                .split(separator: " ").map(String.init))
        defer { dnsmasq.terminate() }
        // It says so when its sockets are bound.
        _ = dnsmasq.lines(until: "IP range")
        let server = try names.serve(arguments)
        let listeners = server.lines(until: "ready")
        #expect(listeners.contains("listening 67 s0 capture"), "\(listeners)")
        #expect(listeners.contains { $0.hasPrefix("listening 4011") && $0.hasSuffix("socket") }, "\(listeners)")

        let heard = try ask(names, "c0", Messages.uefi(.discover))
        #expect(heard.count == 2)
        let ours = try #require(heard.first { $0.message.yourAddress == .any })
        let theirs = try #require(heard.first { $0.message.yourAddress != .any })
        #expect(ours.from == "10.99.0.1:67" && ours.to == "255.255.255.255")
        #expect(ours.message.serverAddress.description == "10.99.0.1")
        #expect(ours.message.bootFile.elementsEqual("ipxe.efi".utf8))
        #expect(theirs.message.yourAddress.description.hasPrefix("10.99.0."))
        try Namespaces.run("ip -n \(names.client) address add 10.99.0.77/24 dev c0")
        let asked = try ask(names, "c0", request(), from: 4011, to: "10.99.0.1", 4011)
        #expect(asked.map(\.from) == ["10.99.0.1:4011"])
        #expect(asked.first?.message.messageType == .acknowledgement)
        #expect(server.finish() == ["received 2 answered 2 unsent 0"])
    }

    @Test func port4011IsCapturedWhereItIsHeld() throws {
        let names = try Namespaces("dsd")
        defer { names.remove() }
        let holder = try names.inside(names.server, [Namespaces.rig, "hold", "4011"])
        _ = holder.lines(until: "ready")
        let server = try names.serve("automatic s0")
        let listeners = server.lines(until: "ready")
        // A socket on all interfaces holds the port on each of them.
        #expect(listeners == ["listening 67 s0 socket", "listening 4011 s0 capture", "ready"])
        try Namespaces.run("ip -n \(names.client) address add 10.99.0.77/24 dev c0")
        let asked = try ask(names, "c0", request(), from: 4011, to: "10.99.0.1", 4011)
        #expect(asked.map(\.from) == ["10.99.0.1:4011"])
        #expect(server.finish() == ["received 1 answered 1 unsent 0"])
        _ = holder.finish()
    }

    @Test func anInterfaceWithoutAddressIsNamed() throws {
        let names = try Namespaces("dse")
        defer { names.remove() }
        try Namespaces.run("ip -n \(names.server) address flush dev s1")
        let server = try names.serve("socket s1")
        let lines = server.finish()
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("error the network interface s1 has no IPv4 address") == true, "\(lines)")
    }

    @Test(arguments: [
        ("socket", "error binding UDP port 67 needs the capability CAP_NET_BIND_SERVICE"),
        ("capture", "error listening on s0 alone or capturing there needs the capability CAP_NET_RAW"),
    ])
    func aMissingCapabilityIsNamed(listening: String, sentence: String) throws {
        let names = try Namespaces("dsf")
        defer { names.remove() }
        let bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", Namespaces.rig, "serve", listening, "s0"]
        let lines = try names.inside(names.server, bare).finish()
        #expect(lines.count == 1 && lines.first?.hasPrefix(sentence) == true, "\(lines)")
    }

    @Test func anAddressThatChangesIsNoticed() throws {
        let names = try Namespaces("dsg")
        defer { names.remove() }
        let server = try names.serve("socket s0")
        _ = server.lines(until: "ready")
        #expect(try ask(names, "c0", Messages.uefi(.discover)).map(\.from) == ["10.99.0.1:67"])
        try Namespaces.run("ip -n \(names.server) address flush dev s0")
        try Namespaces.run("ip -n \(names.server) address add 10.99.0.9/24 dev s0")
        // Each question takes one and a half seconds; five seconds are what a view of the addresses may last.
        let answers = try (0..<6).flatMap { _ in try ask(names, "c0", Messages.uefi(.discover)) }
        #expect(answers.last?.from == "10.99.0.9:67")
        #expect(answers.last?.message.serverAddress.description == "10.99.0.9")
        _ = server.finish()
    }
}
