import DHCPService
import Testing

@Suite struct ErrorTextTests {
    @Test func remediesNameTheOption() {
        let taken = "\(DHCPServiceError.portTaken(port: 67, interface: "eth0"))"
        #expect(
            taken.hasSuffix("leave out --dhcp socket to work beside it, or stop it") && !taken.contains("set listen"))
        let capture = "\(DHCPServiceError.mayNotCapture)"
        #expect(
            capture.contains("CAP_NET_RAW") && capture.contains("give --dhcp socket where no other DHCP server runs"))
    }
}
