import DHCPService
import Testing

@Suite struct ErrorTextTests {
    @Test func remediesNameTheOption() {
        let taken = "\(DHCPServiceError.portTaken(port: 67, interface: "eth0"))"
        #expect(taken.hasSuffix("or give --dhcp capture") && !taken.contains("set listen"))
        let wireless = "\(DHCPServiceError.notEthernet(interface: "wg0"))"
        #expect(wireless.hasSuffix("give --dhcp socket") && !wireless.contains("set listen"))
    }
}
