import Glibc
import NetworkTypes
import TFTPService
import Testing

@Suite struct ErrorTextTests {
    /// Whoever prints them says "TFTP" first.
    @Test(arguments: [
        TFTPServerError.binding(SocketEndpoint(address: .loopback, port: 69), errno: EADDRINUSE),
        .binding(SocketEndpoint(address: .loopback, port: 69), errno: EACCES),
        .binding(SocketEndpoint(address: .loopback, port: 69), errno: EADDRNOTAVAIL),
        .binding(SocketEndpoint(address: .loopback, port: 69), errno: ENOMEM),
        .resources(errno: EMFILE), .noAddresses, .ranAlready,
    ])
    func textsContinueASentence(error: TFTPServerError) {
        let text = "\(error)"
        #expect(!text.contains("TFTP") && !text.contains("cannot listen"))
        if case .binding = error { #expect(text.contains("127.0.0.1:69")) }
    }
}
