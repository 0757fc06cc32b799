import Glibc
import Netboot
import NetworkTypes

/// What is wrong with single settings, whatever the machines file and the store have: a sentence each, which begins with the option.
extension ApplianceSettings {
    /// An address on which nothing can listen here, and a port that machines cannot be told. This may ask DNS.
    var addressProblems: [String] {
        var problems: [String] = []
        if let reason = Self.obstacle(toListeningOn: httpAddress) {
            problems.append(
                "--http-address \(httpAddress): \(reason); name an address of this host, or leave the option out")
        }
        if httpPort == 0, dhcp != .off || servesTFTP {
            problems.append(
                "--http-port 0: machines are told the port before it is known; name one, or leave the option out")
        }
        return problems
    }

    /// Why no socket gets this address; nil if one does. The port is left to the kernel: the daemon may be running.
    private static func obstacle(toListeningOn address: ListenAddress) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address.description, "0", &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let first = found?.pointee else { return String(cString: gai_strerror(code)) }
        let socket = socket(first.ai_family, first.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return String(cString: strerror(errno)) }
        defer { close(socket) }
        return bind(socket, first.ai_addr, first.ai_addrlen) == 0 ? nil : String(cString: strerror(errno))
    }
}
