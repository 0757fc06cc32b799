import Bytes
import DHCP
import Foundation
import NamespaceTesting
import Netboot
import NetworkTypes
import ServerTesting
import Testing

/// An answer, read.
private struct Heard {
    var from: String
    var to: String
    var message: DHCPMessage
}

@Suite(.serialized, .timeLimit(.minutes(30)), .enabled(if: Namespaces.isPossible, "needs root and ip(8)"))
struct NamespaceTests {
    private func ask(
        _ names: Namespaces, _ interface: String, _ message: DHCPMessage, from port: Int = 68,
        to destination: String = "255.255.255.255", _ destinationPort: Int = 67, expecting expected: Int = 1
    ) throws -> [Heard] {
        try names.ask(
            interface, message.encode(), from: port, to: destination, destinationPort, expecting: expected
        ).map {
            Heard(from: $0.from, to: $0.to, message: try DHCPMessage(decoding: $0.bytes[...]))
        }
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
        #expect(server.lines(until: "ready") == ["listening 67 s1 capture", "listening 4011 s1 capture", "ready"])
        #expect(try ask(names, "c0", Messages.uefi(.discover), expecting: 0).isEmpty)
        #expect(try ask(names, "c1", Messages.uefi(.discover)).map(\.from) == ["10.98.0.1:67"])
        #expect(server.finish() == ["received 1 answered 1 unsent 0"])
    }

    /// Whoever starts first, both serve: a proxy that took the port would leave a whole site without addresses.
    @Test(
        .enabled(if: AddressServer.areInstalled, "needs dnsmasq-base, kea-dhcp4-server and isc-dhcp-server"),
        arguments: AddressServer.allCases, [true, false])
    func besideAnAddressServer(kind: AddressServer, proxyIsFirst: Bool) throws {
        let names = try Namespaces("dsc")
        defer { names.remove() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dsc-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var other = proxyIsFirst ? nil : try kind.start(names, in: folder)
        let server = try names.serve(proxyIsFirst ? "automatic" : "automatic s0")
        #expect(server.lines(until: "ready").allSatisfy { $0 == "ready" || $0.hasSuffix("capture") })
        if proxyIsFirst { other = try kind.start(names, in: folder) }
        defer { other?.terminate() }

        let heard = try ask(names, "c0", Messages.uefi(.discover), expecting: 2)
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
        #expect(other?.hasEnded == false)
        #expect(server.finish() == ["received 2 answered 2 unsent 0"])
    }

    @Test(arguments: ["automatic", "capture s0"]) func bothPortsAreLeftToOthers(arguments: String) throws {
        let names = try Namespaces("dsd")
        defer { names.remove() }
        let server = try names.serve(arguments)
        _ = server.lines(until: "ready")
        for port in ["67", "4011"] {
            let holder = try names.inside(names.server, [Namespaces.rig, "hold", port])
            #expect(holder.lines(until: "ready") == ["ready"])
            defer { holder.finish() }
            #expect(try ask(names, "c0", Messages.uefi(.discover)).map(\.from) == ["10.99.0.1:67"])
        }
        #expect(server.finish() == ["received 2 answered 2 unsent 0"])
    }

    /// By whatever way the routes have it, the loopback of a relay on this host included.
    @Test func relaysAreAnsweredWithoutThePort() throws {
        let names = try Namespaces("dsh")
        defer { names.remove() }
        let server = try names.serve("automatic")
        _ = server.lines(until: "ready")
        try Namespaces.run("ip -n \(names.client) address add 10.99.0.77/24 dev c0")
        let far = Messages.uefi(.discover) { $0.relayAddress = IPv4Address(value: 0x0a63_004d) }
        let heard = try ask(names, "c0", far, from: 67, to: "10.99.0.1")
        #expect(heard.map(\.from) == ["10.99.0.1:67"] && heard.map(\.to) == ["10.99.0.77"])
        let near = Messages.uefi(.discover) { $0.relayAddress = .loopback }
        let lines = try names.inside(
            names.server, [Namespaces.rig, "ask", "2", "lo", "67", "127.0.0.1", "67", near.encode().hexadecimal]
        ).finish()
        // The relay of this host hears its own question too, and we our own answer.
        #expect(lines.contains { $0.hasPrefix("answer 127.0.0.1:67 127.0.0.1 02") }, "\(lines)")
        // A router sees what is meant for a server behind it.
        try Namespaces.run("ip -n \(names.client) route add 10.55.0.0/24 via 10.99.0.1")
        #expect(try ask(names, "c0", far, from: 67, to: "10.55.0.9", expecting: 0).isEmpty)
        #expect(server.finish() == ["received 3 answered 2 unsent 0"])
    }

    @Test func anInterfaceThatComesLaterIsServed() throws {
        let names = try Namespaces("dsi")
        defer { names.remove() }
        let server = try names.serve("automatic")
        _ = server.lines(until: "ready")
        try Namespaces.run("ip -n \(names.server) link add s9 type veth peer name c9 netns \(names.client)")
        try Namespaces.run("ip -n \(names.server) address add 10.97.0.1/24 dev s9")
        try Namespaces.run("ip -n \(names.server) link set s9 up")
        try Namespaces.run("ip -n \(names.client) link set c9 up")
        // What is missing is looked for every two seconds.
        #expect(
            try holds {
                try ask(names, "c9", Messages.uefi(.discover), expecting: 0).map(\.from) == ["10.97.0.1:67"]
            })
        _ = server.finish()
    }

    /// A server on this host answers by packets that never come in, and to iPXE by unicast.
    @Test(
        .enabled(if: AddressServer.areInstalled, "needs dnsmasq-base, kea-dhcp4-server and isc-dhcp-server"),
        arguments: AddressServer.allCases)
    func offersOfAServerOnThisHostAreJudged(kind: AddressServer) throws {
        let names = try Namespaces("dsj")
        defer { names.remove() }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("dsj-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let other = try kind.start(names, in: folder, bootFile: "rival.bin")
        defer { other.terminate() }
        let server = try names.serve("automatic")
        _ = server.lines(until: "ready")
        let iPXE = Messages.uefi(.discover) {
            $0.options.append(DHCPOption(.userClass, Array("iPXE".utf8)))
            $0.options.append(DHCPOption(.parameterRequestList, [66, 67]))
            $0.flags = []
        }
        for _ in 0..<2 {
            let ours = try #require(
                try ask(names, "c0", iPXE).first { $0.message.yourAddress == .any }?.message)
            #expect(ours[.iPXEEncapsulated] == [1, 1, 1])
        }
        let sentence = OfferAdvice.namesABootFile(IPv4Address(value: 0x0a63_0001), file: "rival.bin").description
        let lines = server.finish()
        #expect(lines.filter { $0.hasPrefix("advice ") } == ["advice \(sentence)"], "\(lines)")
        #expect(lines.filter { $0.hasPrefix("warning ") }.count == 1, "\(lines)")
        #expect(lines.filter { $0.hasPrefix("step ") && $0.hasSuffix(sentence) }.count == 1, "\(lines)")
    }

    /// What other hosts offer to machines that were not answered here is none of our business, and forgeries have a bound.
    @Test func offersAreBoundedAndOnlyThoseToOurMachinesCount() throws {
        let names = try Namespaces("dsk")
        defer { names.remove() }
        let server = try names.serve("automatic s0")
        _ = server.lines(until: "ready")
        let iPXE = Messages.uefi(.discover) { $0.options.append(DHCPOption(.userClass, Array("iPXE".utf8))) }
        func offer(from server: Int, transaction: UInt32) -> DHCPMessage {
            var offer = DHCPMessage(operation: .reply, transactionID: transaction)
            offer.clientHardwareAddress = iPXE.clientHardwareAddress
            offer.yourAddress = IPv4Address(value: 0x0a63_0050)
            offer.options = [
                DHCPOption(.messageType, [2]), DHCPOption(.serverIdentifier, [10, 99, 1, UInt8(server)]),
                DHCPOption(.bootFileName, Array("x\n\u{1b}[31m\(server)".utf8)),
            ]
            return offer
        }
        _ = try ask(names, "c0", iPXE)
        var messages = [offer(from: 250, transaction: 99).encode().hexadecimal]
        messages += (1..<40).map { offer(from: $0, transaction: iPXE.transactionID).encode().hexadecimal }
        let sent = try names.inside(
            names.client, [Namespaces.rig, "send", "c0", "67", "255.255.255.255", "68"] + messages
        ).finish()
        #expect(sent == [])
        // They are judged a moment after they came, and a machine's story takes four remarks.
        _ = (0..<4).map { _ in server.lines(until: "heard ") }
        let lines = server.finish()
        let advice = lines.filter { $0.hasPrefix("advice ") }
        #expect(advice.count == 4, "\(lines)")
        #expect(advice.first?.contains("10.99.1.1 names the boot file \"x??[31m1\"") == true, "\(lines)")
        #expect(!lines.contains { $0.contains("10.99.1.250") })
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
        ("capture", "error seeing DHCP without taking its port from another server needs the capability CAP_NET_RAW"),
        ("automatic", "error seeing DHCP without taking its port from another server needs the capability CAP_NET_RAW"),
    ])
    func aMissingCapabilityIsNamed(listening: String, sentence: String) throws {
        let names = try Namespaces("dsf")
        defer { names.remove() }
        let bare = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", Namespaces.rig, "serve", listening, "s0"]
        let lines = try names.inside(names.server, bare).finish()
        #expect(lines.count == 1 && lines.first?.hasPrefix(sentence) == true, "\(lines)")
    }

    @Test(arguments: ["socket s0", "automatic s0"]) func anAddressThatChangesIsNoticed(arguments: String) throws {
        let names = try Namespaces("dsg")
        defer { names.remove() }
        let server = try names.serve(arguments)
        _ = server.lines(until: "ready")
        #expect(try ask(names, "c0", Messages.uefi(.discover)).map(\.from) == ["10.99.0.1:67"])
        try Namespaces.run("ip -n \(names.server) address flush dev s0")
        try Namespaces.run("ip -n \(names.server) address add 10.99.0.9/24 dev s0")
        // Five seconds are what a view of the addresses may last.
        #expect(
            try holds {
                let answer = try ask(names, "c0", Messages.uefi(.discover), expecting: 0).last
                return answer?.from == "10.99.0.9:67" && answer?.message.serverAddress.description == "10.99.0.9"
            })
        _ = server.finish()
    }
}
