import Bytes
import CaptureTesting
import DHCP
import Netboot
import NetworkTypes
import Testing

private let client68 = SocketEndpoint(address: .any, port: 68)

private func server(
    _ address: String = "10.77.0.3", loaders: Set<String> = Set(Loader.all), port: Int = 8080
) throws -> ServerAddresses {
    ServerAddresses(
        address: try #require(IPv4Address(parsing: address)), httpPort: port, serves: { loaders.contains($0) })
}

private func decide(
    _ captured: CapturedMessage, options: BootOptions = BootOptions(), change: (inout DHCPMessage) -> Void = { _ in }
) throws -> BootDecision {
    var message = try captured.message()
    change(&message)
    return NetbootPolicy.decide(message, on: captured.port, from: captured.frame.source, server: try server()) { _ in
        .answer(options)
    }
}

/// A DISCOVER made up for a case of which there is no capture.
private func discover(
    _ vendorClass: String, architecture: UInt8? = nil, mac: String = "52:54:00:77:00:10", user: String? = nil,
    more: [DHCPOption] = []
) throws -> DHCPMessage {
    var message = DHCPMessage(operation: .request, transactionID: 0x0102_0304)
    message.clientHardwareAddress =
        (try #require(MACAddress(parsing: mac)).octets + [UInt8](repeating: 0, count: 10))[...]
    message.options = [DHCPOption(.messageType, [1]), DHCPOption(.vendorClass, Array(vendorClass.utf8))] + more
    if let architecture { message.options.append(DHCPOption(.clientArchitecture, [0, architecture])) }
    if let user { message.options.append(DHCPOption(.userClass, Array(user.utf8))) }
    return message
}

private func decide(
    _ message: DHCPMessage, on port: ServicePort = .dhcp, loaders: Set<String> = Set(Loader.all),
    options: BootOptions = BootOptions()
) throws -> BootDecision {
    NetbootPolicy.decide(message, on: port, from: client68, server: try server(loaders: loaders)) { _ in
        .answer(options)
    }
}

@Suite struct NetbootPolicyTests {
    @Test func whatIsDoneWithEveryCapturedMessage() throws {
        let lines = try CapturedMessage.all().map { captured in
            let message = try captured.message()
            let type = message.messageType?.description ?? "BOOTP"
            return "\(captured) \(type) on \(captured.port.rawValue): \(try decide(captured).reason)\n"
        }
        try expectGolden(lines.joined(), "decisions.txt")
    }

    /// Whatever else a machine may send: an answer goes to who asked and can be read, and silence says why.
    @Test func everyDecisionIsAnAnswerOrAReason() throws {
        for captured in try CapturedMessage.all(further: true) {
            let message = try captured.message()
            let decision = try decide(captured)
            #expect(!decision.reason.isEmpty, "\(captured)")
            guard case .reply = decision.outcome else { continue }
            let reply = try #require(decision.reply, "\(captured)").message
            #expect(try DHCPMessage(decoding: reply.encode()[...]) == reply, "\(captured)")
            #expect(reply.transactionID == message.transactionID, "\(captured)")
            #expect(reply.clientHardwareAddress == message.clientHardwareAddress, "\(captured)")
        }
    }

    @Test func replies() throws {
        let cases: [(String, BootDecision)] = [
            (
                "bios-rom-ipxe",
                try decide(
                    CapturedMessage.first(in: "b-bios-undi", .discover) {
                        $0.hasVendorClass(startingWith: "PXEClient:")
                    })
            ),
            (
                "bios-rom-ipxe-chainload",
                try decide(
                    CapturedMessage.first(in: "b-bios-undi", .discover) {
                        $0.hasVendorClass(startingWith: "PXEClient:")
                    },
                    options: BootOptions(chainload: true))
            ),
            (
                "bios-undionly-chained",
                try decide(
                    CapturedMessage.first(in: "b-loop", .discover) { $0.vendorClass == "PXEClient" },
                    options: BootOptions(chainload: true))
            ),
            (
                "uefi-x64-discover",
                try decide(CapturedMessage.first(in: "c-uefi-pxe", .discover) { $0.userClass == nil })
            ),
            ("uefi-x64-4011", try decide(CapturedMessage.first(in: "c-uefi-pxe", .request, on: .bootServer))),
            (
                "uefi-x64-ipxe",
                try decide(CapturedMessage.first(in: "c-uefi-pxe", .discover) { $0.hasUserClass("iPXE") })
            ),
            ("uefi-arm64-discover", try decide(CapturedMessage.first(in: "e-arm64-uki", .discover))),
            ("uefi-arm64-4011", try decide(CapturedMessage.first(in: "e-arm64-uki", .request, on: .bootServer))),
            ("http-x64", try decide(CapturedMessage.first(in: "d-uefi-http", .discover))),
            ("http-arm64", try decide(CapturedMessage.first(in: "e-arm64-http", .discover))),
            ("u-boot", try decide(CapturedMessage.first(in: "f-uboot-pxe", .discover))),
            ("lease-request", try decide(CapturedMessage.first(in: "c-uefi-pxe", .request))),
            (
                "relayed",
                try decide(CapturedMessage.first(in: "c-uefi-pxe", .discover)) {
                    $0.relayAddress = IPv4Address(value: 0x0a4e_0001)
                    $0.hops = 1
                    $0.options.append(DHCPOption(.relayAgentInformation, [1, 4, 0, 7, 0, 9, 2, 2, 0xaa, 0xbb]))
                }
            ),
            (
                "raspberry-pi-3",
                try decide(
                    discover("PXEClient:Arch:00000:UNDI:002001", architecture: 0, mac: "b8:27:eb:01:02:03"),
                    loaders: ["bootcode.bin"])
            ),
            (
                "raspberry-pi-4",
                try decide(
                    discover("PXEClient:Arch:00000:UNDI:002001", architecture: 0, mac: "dc:a6:32:01:02:03"),
                    loaders: ["start4.elf"])
            ),
        ]
        for (name, decision) in cases { try expectGolden(Self.text(decision), "replies/\(name).txt") }
    }

    /// The bytes that booted every tried firmware, for server 10.77.0.2.
    @Test func theTemplateIsExact() throws {
        let captured = try CapturedMessage.first(in: "c-uefi-pxe", .discover)
        let decision = NetbootPolicy.decide(
            try captured.message(), on: .dhcp, from: client68, server: try server("10.77.0.2")
        ) { _ in .answer(BootOptions()) }
        let bytes = try #require(decision.reply?.message.encode())
        #expect(bytes.count == 309)
        #expect(
            bytes[240...].hexadecimal == """
                350102\
                36040a4d0002\
                3c09505845436c69656e74\
                2b04060108ff\
                61110000000000000000408000525400770010\
                420a31302e37372e302e3200\
                4309697078652e65666900\
                ff
                """)
        let request = captured.frame.payload
        let start = request.startIndex
        #expect(bytes[..<4] == [2, 1, 6, 0])
        #expect(bytes[4..<8] == request[start + 4..<start + 8])
        #expect(bytes[8..<28] == [0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 77, 0, 2, 0, 0, 0, 0])
        #expect(bytes[28..<44] == request[start + 28..<start + 44])
        #expect(bytes[44..<108] == (Array("10.77.0.2".utf8) + [UInt8](repeating: 0, count: 55))[...])
        #expect(bytes[108..<236] == (Array("ipxe.efi".utf8) + [UInt8](repeating: 0, count: 120))[...])
        #expect(bytes[236..<240] == [0x63, 0x82, 0x53, 0x63])
    }

    @Test func aChainedLoaderAlwaysGetsItsScript() throws {
        for captured in try CapturedMessage.all(further: true)
        where captured.file.hasPrefix("b-") && captured.port == .dhcp {
            let message = try captured.message()
            guard message.messageType == .discover else { continue }
            let decision = try decide(captured, options: BootOptions(chainload: true))
            guard case .reply(_, let file) = decision.outcome else {
                Issue.record("no answer to \(captured)")
                continue
            }
            let isChained = message.vendorClass == "PXEClient"
            #expect(file == (isChained ? .script("http://10.77.0.3:8080/boot.ipxe") : .loader("undionly.kpxe")))
        }
        // An EFI build of 2019 cannot be told from a network card's, so it is never sent round.
        let rom = try CapturedMessage.first(in: "c-uefi-ipxerom", .discover)
        #expect(
            try decide(rom, options: BootOptions(chainload: true)).reply?.message.bootFile.elementsEqual(
                "http://10.77.0.3:8080/boot.ipxe".utf8) == true)
    }

    @Test func iPXEWithoutHTTPGetsALoaderThatHasIt() throws {
        let features = DHCPOption(.iPXEEncapsulated, [0x12, 1, 1, 0xeb, 3, 1, 0, 0])
        let message = try discover("PXEClient:Arch:00007:UNDI:003010", architecture: 7, user: "iPXE", more: [features])
        #expect(try decide(message).reply?.message.bootFile.elementsEqual("ipxe.efi".utf8) == true)
    }

    @Test(arguments: [
        (UInt8(0), "PXEClient", "undionly.kpxe"), (7, "PXEClient", "ipxe.efi"), (9, "PXEClient", "ipxe.efi"),
        (11, "PXEClient", "ipxe-arm64.efi"), (16, "HTTPClient", "http://10.77.0.3:8080/loaders/ipxe.efi"),
        (19, "HTTPClient", "http://10.77.0.3:8080/loaders/ipxe-arm64.efi"),
        (7, "HTTPClient", "http://10.77.0.3:8080/loaders/ipxe.efi"),
    ])
    func bootFiles(architecture: UInt8, vendorClass: String, file: String) throws {
        let reply = try #require(try decide(discover(vendorClass, architecture: architecture)).reply)
        #expect(String(decoding: reply.message.bootFile, as: UTF8.self) == file)
        #expect(reply.message[.bootFileName]?.elementsEqual(Array(file.utf8) + [0]) == true)
    }

    @Test(arguments: [
        (UInt8(6), "PXEClient"), (15, "HTTPClient"), (20, "HTTPClient"), (17, "HTTPClient"), (10, "PXEClient"),
        (27, "PXEClient"),
    ])
    func noLoaderNoOffer(architecture: UInt8, vendorClass: String) throws {
        guard case .silence(.unsupported) = try decide(discover(vendorClass, architecture: architecture)).outcome else {
            Issue.record("architecture \(architecture) was answered")
            return
        }
    }

    @Test func aMissingLoaderIsNamed() throws {
        let decision = try decide(discover("PXEClient", architecture: 11), loaders: [Loader.x64])
        #expect(decision.outcome == .silence(.loaderMissing("ipxe-arm64.efi")))
        #expect(decision.reason.contains("ipxe-arm64.efi is neither in a loader folder (--loader-folder) nor in"))
        #expect(decision.reason.contains("Debian has it from version 13 on"))
        let http = try decide(discover("HTTPClient", architecture: 16), loaders: [])
        #expect(http.outcome == .silence(.loaderMissing("ipxe.efi")))
        let pi = try decide(discover("PXEClient", architecture: 0, mac: "dc:a6:32:00:00:01"))
        #expect(pi.outcome == .silence(.treeMissing))
        // The script needs no loader.
        #expect(try decide(discover("PXEClient", architecture: 0, user: "iPXE"), loaders: []).reply != nil)
    }

    @Test func whoDoesNotAskToBootIsLeftAlone() throws {
        let server = try server()
        for vendorClass in ["android-dhcp-13", "MSFT 5.0", "", "udhcp 1.36", "pxeclient"] {
            let decision = NetbootPolicy.decide(try discover(vendorClass), on: .dhcp, from: client68, server: server) {
                _ in
                Issue.record("the operator was asked about \(vendorClass)")
                return .answer(BootOptions())
            }
            #expect(decision.outcome == .silence(.notBooting))
        }
        var reply = try discover("PXEClient", architecture: 7)
        reply.operation = .reply
        #expect(try decide(reply).outcome == .silence(.notARequest))
        var infiniband = try discover("PXEClient", architecture: 7)
        infiniband.hardwareType = 32
        #expect(try decide(infiniband).outcome == .silence(.notEthernet))
        var bootp = try discover("PXEClient", architecture: 7)
        bootp.options.removeFirst()
        #expect(try decide(bootp).outcome == .silence(.otherMessage("BOOTP without a message type")))
        #expect(try decide(discover("PXEClient"), on: .bootServer).outcome == .silence(.otherMessage("DISCOVER")))
    }

    @Test func theOperatorsWishIsObeyed() throws {
        let decision = NetbootPolicy.decide(
            try discover("PXEClient", architecture: 7), on: .dhcp, from: client68, server: try server()
        ) { _ in .ignore(reason: "it is unknown") }
        #expect(decision.reason == "no answer: it is unknown")
        #expect(decision.client?.mac.description == "52:54:00:77:00:10")
    }

    @Test func answersGoWhereTheyAreHeard() throws {
        let address = IPv4Address(value: 0x0a4d_0091)
        let relay = IPv4Address(value: 0x0a4e_0001)
        var message = try discover("PXEClient", architecture: 7)
        #expect(try decide(message).reply?.destination.description == "255.255.255.255:68")
        message.clientAddress = address
        #expect(try decide(message).reply?.destination.description == "10.77.0.145:68")
        message.relayAddress = relay
        #expect(try decide(message).reply?.destination.description == "10.78.0.1:67")

        message.relayAddress = .any
        message.options[0] = DHCPOption(.messageType, [3])
        let asked = NetbootPolicy.decide(
            message, on: .bootServer, from: SocketEndpoint(address: address, port: 4011), server: try server()
        ) { _ in .answer(BootOptions()) }
        #expect(asked.reply?.destination.description == "10.77.0.145:4011")
        #expect(asked.reply?.message.clientAddress == address)
        #expect(asked.reply?.port == .bootServer)
    }

    @Test func aLongURLStandsInTheOptionOnly() throws {
        let base = "http://10.77.0.3/" + String(repeating: "x", count: 100)
        for (extra, inHeader) in [("", true), ("y", false)] {
            let addresses = ServerAddresses(
                address: IPv4Address(value: 0x0a4d_0003), httpBase: base + extra, serves: { _ in false })
            let message = try discover(
                "PXEClient", architecture: 7, user: "iPXE", more: [DHCPOption(.maximumMessageSize, [5, 0xc0])])
            let reply = try #require(
                NetbootPolicy.decide(message, on: .dhcp, from: client68, server: addresses) { _ in
                    .answer(BootOptions())
                }
                .reply)
            let url = base + extra + "/boot.ipxe"
            #expect(url.utf8.count == (inHeader ? 127 : 128))
            #expect(reply.message.bootFile.isEmpty != inHeader)
            #expect(reply.message[.bootFileName]?.count == url.utf8.count + 1)
        }
    }

    @Test func anAnswerIsNoLongerThanTheClientTakes() throws {
        let relay = DHCPOption(.relayAgentInformation, [UInt8](repeating: 7, count: 240))
        let uuid = DHCPOption(.clientUUID, [UInt8](repeating: 0, count: 17))
        let message = try discover(
            "PXEClient", architecture: 7, more: [relay, uuid, DHCPOption(.maximumMessageSize, [2, 0x40])])
        let reply = try #require(try decide(message).reply?.message)
        #expect(reply.encode().count <= 548)
        #expect(reply[.tftpServerName] == nil)
        #expect(reply[.relayAgentInformation] == relay.value)
        let longer = DHCPOption(.relayAgentInformation, [UInt8](repeating: 7, count: 300))
        let refused = try decide(discover("PXEClient", architecture: 7, more: [longer]))
        #expect(refused.outcome == .silence(.replyTooLong(needed: 610, allowed: 576)))
    }

    private static func text(_ decision: BootDecision) throws -> String {
        var lines = [decision.reason]
        guard let reply = decision.reply else { return lines[0] + "\n" }
        let bytes = reply.message.encode()
        let message = try DHCPMessage(decoding: bytes[...])
        lines.append("port \(reply.port.rawValue) to \(reply.destination), \(bytes.count) bytes")
        lines.append(
            "flags \(String(message.flags.rawValue, radix: 16)), hops \(message.hops), secs \(message.secondsElapsed)")
        lines.append("ciaddr \(message.clientAddress), yiaddr \(message.yourAddress)")
        lines.append("siaddr \(message.serverAddress), giaddr \(message.relayAddress)")
        lines.append("chaddr \(message.clientHardwareAddress.hexadecimal)")
        lines.append("sname \"\(String(decoding: message.serverName, as: UTF8.self))\"")
        lines.append("file \"\(String(decoding: message.bootFile, as: UTF8.self))\"")
        for option in message.options {
            let printable = option.value.map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") }
            let number = String(option.code.rawValue)
            let padded = String(repeating: " ", count: 3 - number.count) + number
            lines.append("\(padded) \(option.value.hexadecimal)  \(String(decoding: printable, as: UTF8.self))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
