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
        #expect(SystemUUID(wireOrder: wire)?.description == "00000000-0000-4000-8000-525400770010")
        let swapped = try #require(SystemUUID(parsing: "44332211-6655-8877-99aa-bbccddeeff00"))
        #expect(swapped.byteSwapped.description == "11223344-5566-7788-99aa-bbccddeeff00")
        #expect(swapped.byteSwapped.byteSwapped == swapped)
        let text = "12345678-9abc-def0-1122-334455667788"
        #expect(SystemUUID(parsing: text.uppercased())?.description == text)
        #expect(SystemUUID(parsing: "12345678-9abc-def0-1122-33445566778") == nil)
    }
}
