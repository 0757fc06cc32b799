import NetworkTypes
import Testing

@Suite struct NetworkTypesTests {
    @Test(arguments: ["52:54:00:ab:CD:ef", "52-54-00-AB-cd-ef", "525400abcdef", "5254.00ab.CDEF"])
    func macAddressForms(text: String) throws {
        let address = try #require(MACAddress(parsing: text))
        #expect(address.description == "52:54:00:ab:cd:ef")
        #expect(address.hyphenated == "52-54-00-ab-cd-ef")
        #expect(MACAddress(octets: address.octets) == address)
    }

    @Test(arguments: [
        "", "52:54:00:ab:cd", "52:54:00:ab:cd:ef:01", "52:54-00:ab:cd:ef", "5:254:00:ab:cd:ef", "g2:54:00:ab:cd:ef",
        "5254.00ab.cdef.", "52.54.00.ab.cd.ef", "5254:00ab:cdef", "5254.00ab:cdef", "525400.abcdef", "525400abcdef01",
        ":52:54:00:ab:cd:ef", "52:54:00:ab:cd:ef:", "52::54:00:ab:cd:ef", "52:54:00:ab:cd:é", "525400abcde",
        "............",
    ])
    func notMACAddresses(text: String) { #expect(MACAddress(parsing: text) == nil) }

    @Test func ipv4AddressForms() {
        #expect(IPv4Address(parsing: "10.77.0.2")?.value == 0x0a4d_0002)
        #expect(IPv4Address(value: 0x0a4d_0002).description == "10.77.0.2")
        for text in ["", "10.77.0", "10.77.0.256", "10.77.0.2.3", "010.7.0.1", "10..0.1", "a.b.c.d", "1.2.3.4 "] {
            #expect(IPv4Address(parsing: text) == nil, "\(text)")
        }
    }

    /// Seen from OVMF: option 97 carries 00000000-0000-4000-8000-525400770010 like this.
    @Test func uuidOnTheWireHasItsFirstFieldsReversed() throws {
        let wire: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0x40, 0x80, 0, 0x52, 0x54, 0, 0x77, 0, 0x10]
        #expect(SystemUUID(wireOrder: wire[...])?.description == "00000000-0000-4000-8000-525400770010")
        let swapped = try #require(SystemUUID(parsing: "44332211-6655-8877-99aa-bbccddeeff00"))
        #expect(swapped.byteSwapped.description == "11223344-5566-7788-99aa-bbccddeeff00")
        #expect(swapped.byteSwapped.byteSwapped == swapped)
        let text = "12345678-9abc-def0-1122-334455667788"
        #expect(SystemUUID(parsing: text.uppercased())?.description == text)
        #expect(SystemUUID(parsing: "12345678-9abc-def0-1122-33445566778") == nil)
        for text in [
            "", "1234567-89abc-def0-1122-334455667788", "123456789abc-def0-1122-334455667788-",
            "12345678-9abc-def0-1122-3344556677889", "12345678-9abc-def0-1122-33445566778g",
            "12345678+9abc-def0-1122-334455667788", "12345678-9abc-def0-1122-3344556677é",
        ] {
            #expect(SystemUUID(parsing: text) == nil, "\(text)")
        }
    }
}

@Suite struct IPv4NetworkTests {
    @Test(arguments: [
        ("10.1.0.0/16", "10.1.255.255", "10.2.0.0"), ("192.0.2.4/30", "192.0.2.7", "192.0.2.8"),
        ("192.0.2.4/32", "192.0.2.4", "192.0.2.5"), ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
    ])
    func itHoldsItsAddresses(text: String, inside: String, outside: String) throws {
        let network = try IPv4Network(parsing: text)
        #expect(network.description == text)
        #expect(network.contains(try #require(IPv4Address(parsing: inside))))
        #expect(!network.contains(try #require(IPv4Address(parsing: outside))))
        #expect(network.contains(network.address))
    }

    @Test func everywhereIsANetwork() throws {
        let everywhere = try IPv4Network(parsing: "0.0.0.0/0")
        #expect(everywhere.contains(.any) && everywhere.contains(.broadcast))
    }

    @Test(arguments: [
        "", "/", "10.1.0.0", "10.1.0.0/", "10.1.0.0/33", "10.1.0.0/-1", "10.1.0/16", "10.1.0.0/016", "a/8",
    ])
    func otherTextsAreNone(text: String) {
        #expect(throws: IPv4NetworkError.self) { try IPv4Network(parsing: text) }
    }

    @Test func anAddressInsideIsToldItsNetwork() {
        let error = #expect(throws: IPv4NetworkError.self) { try IPv4Network(parsing: "10.1.2.3/16") }
        #expect(error?.description.hasSuffix("write 10.1.0.0/16") == true)
    }

    @Test func anInterfacesNetworkIsFoundByItsMask() throws {
        let address = try #require(IPv4Address(parsing: "10.99.3.7"))
        let mask = try #require(IPv4Address(parsing: "255.255.252.0"))
        #expect(IPv4Network(of: address, mask: mask).description == "10.99.0.0/22")
    }

    @Test(arguments: [
        ("127.0.0.1:2122", "127.0.0.1:2122"), ("[::1]:0", "[::1]:0"), (":65535", "0.0.0.0:65535"),
        ("boot.example:80", "boot.example:80"), ("[fe80::1%eth0]:8", "[fe80::1%eth0]:8"),
    ])
    func endpointsToListenOn(text: String, description: String) throws {
        let endpoint = try ListenEndpoint(parsing: text)
        #expect(endpoint.description == description)
        #expect(try ListenEndpoint(parsing: description) == endpoint)
    }

    @Test(arguments: [
        "", ":", "1", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1:1 ",
        "::1:2122", "[::1]", "[]:1", "224.0.0.1:1", "[ff02::1]:1", "[127.0.0.1]:1", "[a.example]:1", "10.1:1", "a b:1",
        "/x:1", "127.0.0.1:١",
    ])
    func whatIsNoEndpointToListenOn(text: String) {
        #expect(throws: AddressError.self) { try ListenEndpoint(parsing: text) }
    }
}
